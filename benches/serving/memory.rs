//! Memory of a server that answers texts of mixed lengths for long: `make bench-memory`.
//!
//! What is resident when it is ready, while it has served snippets alone, and then after 25,000 texts
//! and after 100,000 of one word to more than the model takes. They go over HTTP in lists.

use super::server::Server;
use super::work::{body, post};

const LIST: usize = 32;
const CONNECTIONS: usize = 8;
/// How often the snippets are served before it counts.
const TURNS: usize = 8;
const FIRST: usize = 25_000;
const ALL: usize = 100_000;
/// Words of a text; one in 64 is long, and one in 256 longer than the model takes.
const SHORT: [usize; 6] = [1, 3, 6, 10, 15, 24];
const LONG: usize = 60;
const TOO_LONG: usize = 300;

pub async fn run(server: &Server, snippets: &[String]) -> anyhow::Result<()> {
    println!("{:.1} MB resident when ready", server.resident_megabytes()?);
    for _ in 0..TURNS {
        serve(server, snippets).await?;
    }
    println!("{:.1} MB resident while serving snippets", server.resident_megabytes()?);
    let mixed = mixed_lengths(snippets);
    let mut early = 0.0;
    for (turn, texts) in mixed.chunks(FIRST).enumerate() {
        serve(server, texts).await?;
        let resident = server.resident_megabytes()?;
        early = if turn == 0 { resident } else { early };
        let change = 100.0 * (resident / early - 1.0);
        println!("{resident:.1} MB resident after {} texts, {change:+.1} %", (turn + 1) * FIRST);
    }
    Ok(())
}

async fn serve(server: &Server, texts: &[String]) -> anyhow::Result<()> {
    let bodies: Vec<String> = texts.chunks(LIST).map(body).collect();
    post(&server.url, &bodies, CONNECTIONS).await.map(|_| ())
}

/// Pieces of the snippets put end to end.
fn mixed_lengths(snippets: &[String]) -> Vec<String> {
    let words: Vec<&str> = snippets.iter().flat_map(|text| text.split_whitespace()).collect();
    let text = |at: usize| {
        let length = match at % 256 {
            255 => TOO_LONG,
            at if at % 64 == 63 => LONG,
            at => SHORT[at % SHORT.len()],
        };
        words[at * 37 % (words.len() - TOO_LONG)..][..length].join(" ")
    };
    (0..ALL).map(text).collect()
}
