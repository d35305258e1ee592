//! The ways to process the same texts: forward passes, `strata bench`, the batcher, HTTP.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures_util::future::try_join_all;
use strata::app::Parts;
use strata::batching::{Batcher, ClientId, Sequence, Submission};
use strata::model::output::PassOutput;
use strata::model::recipe::RecipeRef;
use strata::model::task::{OutputSpec, Task, TaskSpec};
use strata::text::{Input, LongText, Text};
use strata::training::{Column, read_texts};

use super::TEXTS;

pub const CONNECTIONS: usize = 64;
const DATA: &str = "data/sentiment.tsv";
/// Seconds of `strata bench` per round.
const BENCH_SECONDS: &str = "4";

/// The first texts of the labelled data.
pub fn snippets() -> anyhow::Result<Vec<String>> {
    let mut texts = read_texts(Path::new(DATA), &Column::Name("text".to_owned()))
        .map_err(|error| anyhow::anyhow!("{error}; `make data` downloads it"))?;
    texts.truncate(TEXTS);
    Ok(texts)
}

/// The tasks that `/embed` would submit for the texts.
pub fn tasks(parts: &Parts, texts: &[String]) -> anyhow::Result<Vec<Task>> {
    let recipe = parts.recipes.resolve(&RecipeRef::Name("last-four".to_owned()))?;
    tasks_for(parts, texts, &Arc::new(TaskSpec::new(vec![OutputSpec::Embedding(recipe)])))
}

/// Tasks with the given outputs, one per text.
pub fn tasks_for(
    parts: &Parts,
    texts: &[String],
    spec: &Arc<TaskSpec>,
) -> anyhow::Result<Vec<Task>> {
    let task = |text: &String| {
        let input = Input { text: Text::parse(text.clone(), usize::MAX)?, pair: None };
        let encoded =
            parts.tokenizer.encode(&input, parts.sequence_tokens, LongText::Truncate(None))?;
        Ok(Task::whole(encoded.sequence, Arc::clone(spec)))
    };
    texts.iter().map(task).collect()
}

/// The body of a request for one text or for a list of texts.
pub fn body(inputs: impl serde::Serialize) -> String {
    serde_json::json!({ "inputs": inputs, "recipe": "last-four" }).to_string()
}

/// Forward passes over all tasks: sorted by length if the encoder pads, otherwise in order.
pub fn passes(parts: &Parts, tasks: &[Task], token_budget: usize) -> anyhow::Result<()> {
    let mut order: Vec<&Task> = tasks.iter().collect();
    if parts.model.encoder().pads() {
        order.sort_by_key(|task| task.sequence.tokens());
    }
    for pass in parts.model.passes(&order, |task| task.sequence.tokens(), token_budget) {
        parts.model.forward(pass)?;
    }
    Ok(())
}

/// Texts per second that `strata bench` reports, run in its own process.
pub fn bench() -> anyhow::Result<f64> {
    let output = Command::new(env!("CARGO_BIN_EXE_strata"))
        .args(["bench", "--data", DATA, "--limit", &TEXTS.to_string(), "--recipe", "last-four"])
        .args(["--seconds", BENCH_SECONDS, "--json"])
        .stderr(Stdio::inherit())
        .output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let rate = report["results"][0]["texts_per_second"].as_f64();
    rate.ok_or_else(|| anyhow::anyhow!("no rate in {report}"))
}

/// The batcher alone, with `CONNECTIONS` clients. Each submits its next text when it has an output.
pub async fn submit(batcher: &Batcher<Task, PassOutput>, tasks: &[Task]) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    let client = async || -> anyhow::Result<()> {
        while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let sequence = Sequence { tokens: task.sequence.tokens(), item: task.clone() };
            batcher.submit(Submission::new(ClientId::LOCAL, vec![sequence]))?.await?;
        }
        Ok(())
    };
    try_join_all((0..CONNECTIONS).map(|_| client())).await?;
    Ok(())
}

/// Sends all bodies over `connections` connections; returns the milliseconds that each request
/// took.
pub async fn post(url: &str, bodies: &[String], connections: usize) -> anyhow::Result<Vec<f64>> {
    let next = AtomicUsize::new(0);
    let client = reqwest::Client::builder().tcp_nodelay(true).build()?;
    let connection = async || -> anyhow::Result<Vec<f64>> {
        let mut millis = Vec::new();
        while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
            let started = Instant::now();
            let request = client.post(url).header("content-type", "application/json");
            let response = request.body(body.clone()).send().await?.error_for_status()?;
            response.bytes().await?;
            millis.push(1_000.0 * started.elapsed().as_secs_f64());
        }
        Ok(millis)
    };
    Ok(try_join_all((0..connections).map(|_| connection())).await?.concat())
}
