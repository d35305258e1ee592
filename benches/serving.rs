//! Texts a second over HTTP against the encoder's own rate in process, on the same texts and the
//! same budget, in one run and in turn: `make bench`.
//!
//! The server is the real binary in a process of its own; the load comes from this one, over
//! loopback, one snippet a request. The encoder's own rate counts forward passes alone, on tokens
//! that are ready: with all texts sorted by length, the best that it can do, and with those of 64 at
//! a time, which is what a server of 64 clients has to choose from. Between encoder and server stands
//! the batcher in process: what as many clients would get if HTTP and tokenisation cost nothing.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use strata::app::{Loaded, Parts, load, parts};
use strata::batching::{Batcher, Sequence};
use strata::config::{Config, Flags, Sources};
use strata::model::recipe::RecipeRef;
use strata::model::task::{Answer, Ask, Asks, Sequence as Tokens, Task};
use strata::text::{Input, LongText, Text};

const DATA: &str = "data/sentiment.tsv";
const TEXTS: usize = 1_000;
const CONNECTIONS: usize = 64;
/// Texts over one connection a round; as many as all would take too long.
const FEW: usize = 200;
const ROUNDS: usize = 3;
/// Ticks of processor time a second, as `/proc` counts them on Linux.
const TICKS: f64 = 100.0;

fn main() -> anyhow::Result<()> {
    // `cargo test` and `cargo nextest` may start it to list tests; there are none.
    if std::env::args().any(|argument| argument == "--list") {
        return Ok(());
    }
    let texts = snippets()?;
    // As the server reads them, so that settings can be compared: STRATA_BATCHING_BUDGET_TOKENS=256.
    let config = Config::load(&Sources::of_process(None, Flags::default())?)?;
    let parts = parts(&config)?;
    let tasks = tasks(&parts, &texts)?;
    let tokens: usize = tasks.iter().map(|task| task.sequence.tokens()).sum();
    println!("{TEXTS} snippets, {:.1} tokens on average", tokens as f64 / TEXTS as f64);
    let budget = config.batching.budget_tokens.get();
    let Loaded { service, worker } = load(&config)?;
    let batcher = service.batcher.clone();
    let mut server = Server::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut figures: [Vec<f64>; 6] = Default::default();
    for round in 0..=ROUNDS {
        let best = rate(TEXTS, || sorted_by_length(&parts, &tasks, budget))?;
        let windowed = rate(TEXTS, || {
            tasks.chunks(CONNECTIONS).try_for_each(|some| sorted_by_length(&parts, some, budget))
        })?;
        let inside = rate(TEXTS, || runtime.block_on(submit(&batcher, &tasks)))?;
        let before = processor_seconds("self")?;
        let started = Instant::now();
        let served = rate(TEXTS, || runtime.block_on(post(&server.url, &texts, CONNECTIONS)))?;
        let cpu = (processor_seconds("self")? - before) / started.elapsed().as_secs_f64();
        let single = rate(FEW, || runtime.block_on(post(&server.url, &texts[..FEW], 1)))?;
        if round == 0 {
            continue; // Warm-up.
        }
        println!(
            "round {round}: encoder {best:.1}, by {CONNECTIONS} {windowed:.1}, batcher {inside:.1}, HTTP {served:.1}, \
             one connection {single:.1} texts/s"
        );
        for (all, figure) in figures.iter_mut().zip([best, windowed, inside, served, single, cpu]) {
            all.push(figure);
        }
    }
    server.stop()?;
    batcher.close();
    worker.join();
    let [best, windowed, inside, served, single, cpu] = &figures;
    let over =
        |under: &[f64]| median(&served.iter().zip(under).map(|(a, b)| a / b).collect::<Vec<_>>());
    println!("\nmedians of {ROUNDS} rounds, budget {budget} tokens | texts/s | HTTP over it");
    let row = |name: &str, rates: &[f64]| {
        println!("{name:<44} | {:>7.1} | {:.3}", median(rates), over(rates));
    };
    row("encoder alone, all sorted by length", best);
    row(&format!("encoder alone, sorted {CONNECTIONS} by {CONNECTIONS}"), windowed);
    row(&format!("batcher in process, {CONNECTIONS} in flight"), inside);
    row(&format!("HTTP, {CONNECTIONS} connections"), served);
    row("HTTP, 1 connection", single);
    println!("load generator: {:.3} of one core", median(cpu));
    Ok(())
}

fn snippets() -> anyhow::Result<Vec<String>> {
    let file = fs::read_to_string(DATA)
        .map_err(|error| anyhow::anyhow!("{DATA}: {error}; `make data` brings it"))?;
    let lines = file.lines().skip(1).take(TEXTS);
    Ok(lines.filter_map(|line| line.split_once('\t')).map(|(_, text)| text.to_owned()).collect())
}

fn tasks(parts: &Parts, texts: &[String]) -> anyhow::Result<Vec<Task>> {
    let recipe = parts.recipes.resolve(&RecipeRef::Name("last-four".to_owned()))?;
    let asks = Arc::new(Asks::new(vec![Ask::Embedding(recipe)]));
    let task = |text: &String| {
        let input = Input { text: Text::parse(text.clone(), usize::MAX)?, pair: None };
        let encoded = parts.tokenizer.encode(&input, parts.sequence_tokens, LongText::Truncate)?;
        let sequence = Tokens { ids: encoded.ids, type_ids: encoded.type_ids };
        Ok(Task { sequence, asks: Arc::clone(&asks) })
    };
    texts.iter().map(task).collect()
}

/// Through the batcher alone: `CONNECTIONS` clients, each with its next text once it has an answer.
async fn submit(batcher: &Batcher<Task, Answer>, tasks: &[Task]) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    let client = async || -> anyhow::Result<()> {
        while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let sequence = Sequence { tokens: task.sequence.tokens(), item: task.clone() };
            batcher.submit(vec![sequence], None)?.await?;
        }
        Ok(())
    };
    try_join_all((0..CONNECTIONS).map(|_| client())).await?;
    Ok(())
}

fn sorted_by_length(parts: &Parts, tasks: &[Task], budget: usize) -> anyhow::Result<()> {
    let mut order: Vec<&Task> = tasks.iter().collect();
    order.sort_by_key(|task| task.sequence.tokens());
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        let padded = |at: usize| (at + 1) * rest[at].sequence.tokens();
        let taken = (0..rest.len()).take_while(|&at| padded(at) <= budget).count();
        let (batch, later) = rest.split_at(taken.max(1));
        parts.model.forward(batch)?;
        rest = later;
    }
    Ok(())
}

async fn post(url: &str, texts: &[String], connections: usize) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    let client = reqwest::Client::builder().tcp_nodelay(true).build()?;
    let connection = async || -> anyhow::Result<()> {
        while let Some(text) = texts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let body = serde_json::json!({ "inputs": text });
            let answer = client.post(url).json(&body).send().await?.error_for_status()?;
            answer.bytes().await?;
        }
        Ok(())
    };
    try_join_all((0..connections).map(|_| connection())).await?;
    Ok(())
}

fn rate(texts: usize, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let started = Instant::now();
    work()?;
    Ok(texts as f64 / started.elapsed().as_secs_f64())
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Seconds of processor time that a process has used, user and system.
fn processor_seconds(process: &str) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    let field = |at: usize| fields.split_whitespace().nth(at).and_then(|f| f.parse::<f64>().ok());
    Ok((field(11).unwrap_or(0.0) + field(12).unwrap_or(0.0)) / TICKS)
}

struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut process = Command::new(env!("CARGO_BIN_EXE_strata"))
            .args(["serve", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = process.stdout.take().ok_or_else(|| anyhow::anyhow!("no output"))?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Duration = started.elapsed();
        let address = line
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split('/').next())
            .ok_or_else(|| anyhow::anyhow!("the server did not say ready: {line:?}"))?;
        println!("ready after {:.3} s", ready.as_secs_f64());
        Ok(Self { url: format!("http://{address}/embed"), process })
    }

    fn stop(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

/// An error on the way must not leave the server behind.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}
