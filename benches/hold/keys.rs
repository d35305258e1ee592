//! A client with a key beside one that guesses keys, and beside one that is over the limit of its own:
//! `make bench-keys`.

use std::fs;
use std::rc::Rc;
use std::time::Duration;

use strata::keys::{KeyEntry, Rate, Sha256Hash};

use crate::load::{Answered, Pool, Request, counts, open_loop, percentile};
use crate::server::Server;
use crate::verdict::{at_least, at_most};
use crate::work::{embed, snippets};

/// Single texts a second of the client with a key: about a third of what the server's core can do.
const ASKED: f64 = 100.0;
/// Requests a second of the other one, who sends 10,000 in ten seconds.
const OTHER: f64 = 1_000.0;
/// Requests a second that its key allows. They are few, since those that are let in cost what they
/// cost for anybody: with ten a second the other's p99 is 1.21 times as long, for that work alone.
const ALLOWED: f64 = 1.0;
const ROUNDS: usize = 5;

const GOOD: &str = "strata_good";
const LIMITED: &str = "strata_limited";

pub async fn run(duration: Duration) -> anyhow::Result<()> {
    let file = std::env::temp_dir().join(format!("strata-bench-keys-{}.toml", std::process::id()));
    let entry = |name: &str, key: &str, requests_per_second| KeyEntry {
        name: name.to_owned(),
        sha256: Sha256Hash::of_key(key.as_bytes()),
        requests_per_second,
        tokens_per_second: None,
    };
    let entries = [entry("good", GOOD, None), entry("limited", LIMITED, Rate::new(ALLOWED))];
    fs::write(&file, entries.map(|entry| entry.to_toml()).concat())?;
    let server = Server::start(&[("STRATA_AUTH_KEYS_FILE", &file.to_string_lossy())]);
    let measured = measure(&server?, duration).await;
    fs::remove_file(&file)?;
    measured
}

async fn measure(server: &Server, duration: Duration) -> anyhow::Result<()> {
    let texts = snippets()?;
    let with_key = |key: &str| embed(&texts, &[1], &format!("authorization: Bearer {key}\r\n"));
    let good = with_key(GOOD);
    let guesses: Rc<[Request]> =
        (0..64).flat_map(|guess| with_key(&format!("strata_{guess}")).to_vec()).collect();
    for (name, other, status) in [
        ("guesses", guesses, "401 unauthorized"),
        ("a key over its limit", with_key(LIMITED), "429 rate_limited"),
    ] {
        println!("\nbeside {name}");
        let (mut quiet, mut beside) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let pool = Pool::new(server.address, None);
            quiet.push(p99(&open_loop(&pool, &good, ASKED, duration, |_| {}).await));
            let others = Pool::new(server.address, None);
            let (asked, refused) = tokio::join!(
                open_loop(&pool, &good, ASKED, duration, |_| {}),
                open_loop(&others, &other, OTHER, duration, |_| {}),
            );
            beside.push(p99(&asked));
            let refusals = counts(&refused).get(status).copied().unwrap_or(0);
            println!("  {:?}; the other: {:?}", counts(&asked), counts(&refused));
            at_least(
                "refused, of the other's requests",
                refusals as f64 / refused.len() as f64,
                0.95,
            );
        }
        let (quiet, beside) = (percentile(quiet, 50), percentile(beside, 50));
        println!("  p99 alone {:.1} ms, beside them {:.1} ms (medians)", quiet * 1e3, beside * 1e3);
        at_most("p99 beside them over p99 alone", beside / quiet, 1.2);
    }
    Ok(())
}

fn p99(answers: &[Answered]) -> f64 {
    percentile(answers.iter().map(|answer| answer.latency).collect(), 99)
}
