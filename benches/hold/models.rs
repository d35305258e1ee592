//! Two models side by side, each at a quarter of what it can do alone: `make bench-models`.

use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::http::post;
use crate::load::{Answered, Pool, Request, after, closed_loop, goodput, open_loop, percentile};
use crate::server::Server;
use crate::verdict::at_most;
use crate::work::snippets;

/// The models by name: a small one, and one of BERT-base's shape with random weights, whose passes are many
/// times as long.
const MODELS: [(&str, &str); 2] =
    [("small", "models/all-MiniLM-L6-v2"), ("base", "target/peers/bert-base")];

/// The part of its own rate at which each model is asked.
const LOAD: f64 = 0.25;
const CLIENTS: usize = 16;
const ROUNDS: usize = 3;

pub async fn run(duration: Duration) -> anyhow::Result<()> {
    let mut file = NamedTempFile::new()?;
    for (name, folder) in MODELS {
        writeln!(file, "[models.{name}]\nmodel = \"{folder}\"")?;
    }
    let config = file.path().to_str().unwrap_or_default().to_owned();
    let server = Server::start_with(&["--port", "0", "--config", &config], &[])?;
    let texts = snippets()?;
    let requests = MODELS.map(|(name, _)| requests(&texts, name));
    let pool = Pool::new(server.address, None);
    let seconds = (duration / 3).max(Duration::from_secs(5));
    let mut rates = [0.0; 2];
    for ((rate, requests), (name, _)) in rates.iter_mut().zip(&requests).zip(MODELS) {
        let answers = closed_loop(&pool, requests, CLIENTS, after(seconds)).await;
        *rate = goodput(&answers, seconds.as_secs_f64());
        println!("{name}: {rate:.1} texts/s alone");
    }
    let open = |at: usize| open_loop(&pool, &requests[at], LOAD * rates[at], duration, |_| ());
    let mut excess = [Vec::new(), Vec::new()];
    for round in 1..=ROUNDS {
        let alone = [open(0).await, open(1).await];
        let beside = tokio::join!(open(0), open(1));
        let beside = [beside.0, beside.1];
        for (at, (name, _)) in MODELS.into_iter().enumerate() {
            let failed = beside[at].iter().chain(&alone[at]).filter(|a| a.status != 200).count();
            ensure!(failed == 0, "{failed} requests failed");
            let [rare, usual] =
                [99, 50].map(|percent| percentile(forward(&beside[1 - at]), percent));
            let [before, with] = [&alone[at], &beside[at]].map(|all| percentile(latency(all), 99));
            println!(
                "round {round}, {name}: p99 {:.1} ms alone, {:.1} ms beside the other, whose passes take \
                 {:.1} ms (p99; median {:.1} ms)",
                before * 1e3,
                with * 1e3,
                rare * 1e3,
                usual * 1e3
            );
            excess[at].push((with - before) / rare);
        }
    }
    for ((name, _), excess) in MODELS.into_iter().zip(excess) {
        let name =
            format!("{name}: p99 beside the other over p99 alone, in passes of the other (p99)");
        at_most(&name, percentile(excess, 50), 1.0);
    }
    Ok(())
}

/// Requests for one text each.
fn requests(texts: &[String], model: &str) -> Rc<[Request]> {
    let request = |text: &String| {
        let body = json!({ "inputs": text, "model": model }).to_string();
        Request { bytes: post("/embed", "", &body).into(), texts: 1 }
    };
    texts.iter().map(request).collect()
}

fn latency(answers: &[Answered]) -> Vec<f64> {
    answers.iter().map(|answer| answer.latency).collect()
}

/// Seconds in forward passes.
fn forward(answers: &[Answered]) -> Vec<f64> {
    answers.iter().map(|answer| answer.forward / 1e3).collect()
}
