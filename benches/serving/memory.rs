//! Measures the memory of a server that processes texts of mixed lengths for a long time:
//! `make bench-memory`.
//!
//! Resident memory is read when the server is ready, after it has served only snippets, and then
//! after each 25,000 of 100,000 texts, whose lengths range from one word to more than the model's
//! limit. The texts are sent over HTTP in lists.

use super::server::Server;
use super::work::{body, post};

const LIST: usize = 32;
const CONNECTIONS: usize = 8;
/// How often the snippets are served before memory is read.
const SNIPPET_TURNS: usize = 8;
const FIRST: usize = 25_000;
const ALL: usize = 100_000;
/// Words per text. One text in 64 is long, and one in 256 is longer than the model's limit.
const SHORT: [usize; 6] = [1, 3, 6, 10, 15, 24];
const LONG: usize = 60;
const TOO_LONG: usize = 300;

pub async fn run(server: &Server, snippets: &[String]) -> anyhow::Result<()> {
    println!("{:.1} MB resident when ready", server.resident_megabytes()?);
    for _ in 0..SNIPPET_TURNS {
        serve(server, snippets).await?;
    }
    println!("{:.1} MB resident while serving snippets", server.resident_megabytes()?);
    let mixed = mixed_lengths(snippets);
    let mut first = 0.0;
    for (turn, texts) in mixed.chunks(FIRST).enumerate() {
        serve(server, texts).await?;
        let resident = server.resident_megabytes()?;
        first = if turn == 0 { resident } else { first };
        let change = 100.0 * (resident / first - 1.0);
        println!("{resident:.1} MB resident after {} texts, {change:+.1} %", (turn + 1) * FIRST);
    }
    Ok(())
}

async fn serve(server: &Server, texts: &[String]) -> anyhow::Result<()> {
    let bodies: Vec<String> = texts.chunks(LIST).map(body).collect();
    post(&server.url, &bodies, CONNECTIONS).await.map(|_| ())
}

/// Texts of mixed lengths, cut from the snippets joined end to end.
fn mixed_lengths(snippets: &[String]) -> Vec<String> {
    let words: Vec<&str> = snippets.iter().flat_map(|text| text.split_whitespace()).collect();
    let text = |index: usize| {
        let length = match index % 256 {
            255 => TOO_LONG,
            rest if rest % 64 == 63 => LONG,
            rest => SHORT[rest % SHORT.len()],
        };
        words[index * 37 % (words.len() - TOO_LONG)..][..length].join(" ")
    };
    (0..ALL).map(text).collect()
}
