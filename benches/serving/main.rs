//! Texts a second over HTTP against what the encoder does in process, on the same texts and the same
//! budget, in one run and in turn: `make bench`. Settings come from the environment, for all alike:
//! `STRATA_DTYPE=bf16 make bench`.
//!
//! The server is the real binary in a process of its own; the load comes from this one, over
//! loopback, on the same cores. Beside it stand
//!
//! - the encoder alone, forward passes over tokens that are ready: all texts sorted by length where
//!   it pads, the best that it can do then, and as they come where it doesn't;
//! - `strata bench`, the same binary on the same texts, tokenisation included;
//! - the batcher in process: what as many clients would get if HTTP and tokenisation cost nothing.
//!
//! With `--heads` it measures what more heads cost in a pass (`make bench-heads`). With `--memory`
//! it measures what the server holds in memory, over 100,000 texts.

mod heads;
mod memory;
mod server;
mod work;

use std::time::Instant;

use strata::app::{Loaded, Parts, load, parts};
use strata::batching::Batcher;
use strata::config::{Config, Flags, Sources};
use strata::model::task::{Answer, Task};

use server::{Server, processor_seconds};
use work::{CONNECTIONS, bench, body, passes, post, snippets, submit, tasks};

const TEXTS: usize = 1_000;
/// Texts of a request, and connections, where a request has many.
const LIST: usize = 32;
const LIST_CONNECTIONS: usize = 4;
/// Texts over one connection a round; as many as all would take too long.
const FEW: usize = 200;
const ROUNDS: usize = 3;

/// What a round measures: texts a second, or what its name says.
const FIGURES: [&str; 9] = [
    "encoder alone",
    "strata bench",
    "batcher in process, 64 in flight",
    "HTTP, 64 connections",
    "HTTP, 4 connections, lists of 32",
    "HTTP, 1 connection",
    "HTTP, 64 connections, p50 in ms",
    "HTTP, 64 connections, p99 in ms",
    "load generator at 64 connections, in cores",
];
/// The place of HTTP at 64 connections, which is put over each figure before it.
const COMPARED: usize = 3;

fn main() -> anyhow::Result<()> {
    // `cargo test` and `cargo nextest` may start it to list tests; there are none.
    if std::env::args().any(|argument| argument == "--list") {
        return Ok(());
    }
    let texts = snippets()?;
    if std::env::args().any(|argument| argument == "--memory") {
        let mut server = Server::start()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(memory::run(&server, &texts))?;
        return server.stop();
    }
    // As the server reads them.
    let config = Config::load(&Sources::of_process(None, Flags::default())?)?;
    let parts = parts(&config)?;
    if std::env::args().any(|argument| argument == "--heads") {
        return heads::run(&parts, &config, &texts);
    }
    let tasks = tasks(&parts, &texts)?;
    let tokens: usize = tasks.iter().map(|task| task.sequence.tokens()).sum();
    let encoder = parts.model.encoder();
    println!("{TEXTS} snippets, {:.1} tokens on average", tokens as f64 / TEXTS as f64);
    println!("{}, {}, {}", encoder.name(), encoder.dtype(), encoder.instruction_set());
    let budget = config.batching.budget_tokens.get();
    let Loaded { service, worker, .. } = load(&config)?;
    let batcher = service.batcher.clone();
    let mut server = Server::start()?;
    let mut rounds: Vec<[f64; FIGURES.len()]> = Vec::new();
    for round in 0..=ROUNDS {
        let figures = measure(&parts, &tasks, &texts, budget, &batcher, &server.url)?;
        if round == 0 {
            continue; // Warm-up.
        }
        println!("round {round}: {}", figures.map(|figure| format!("{figure:.1}")).join(", "));
        rounds.push(figures);
    }
    server.stop()?;
    batcher.close();
    worker.join();
    let title = format!("medians of {ROUNDS} rounds, budget {budget} tokens");
    println!("\n{title:<44} | texts/s | HTTP over it");
    for (at, name) in FIGURES.iter().enumerate() {
        let of = |figure: fn(&[f64; FIGURES.len()], usize) -> f64| {
            median(rounds.iter().map(|round| figure(round, at)).collect())
        };
        let over = of(|round, at| round[COMPARED] / round[at]);
        let over = if at < COMPARED { format!("{over:.3}") } else { String::new() };
        println!("{name:<44} | {:>7.2} | {over}", of(|round, at| round[at]));
    }
    Ok(())
}

/// One round, in the order of [`FIGURES`].
fn measure(
    parts: &Parts,
    tasks: &[Task],
    texts: &[String],
    budget: usize,
    batcher: &Batcher<Task, Answer>,
    url: &str,
) -> anyhow::Result<[f64; FIGURES.len()]> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let one_each: Vec<String> = texts.iter().map(body).collect();
    let lists: Vec<String> = texts.chunks(LIST).map(body).collect();
    let encoder = rate(TEXTS, || passes(parts, tasks, budget))?;
    let bench = bench()?;
    let inside = rate(TEXTS, || runtime.block_on(submit(batcher, tasks)))?;
    let before = processor_seconds("self")?;
    let started = Instant::now();
    let mut millis = runtime.block_on(post(url, &one_each, CONNECTIONS))?;
    let seconds = started.elapsed().as_secs_f64();
    let cores = (processor_seconds("self")? - before) / seconds;
    let listed = rate(TEXTS, || {
        runtime.block_on(post(url, &lists, LIST_CONNECTIONS))?;
        Ok(())
    })?;
    let single = rate(FEW, || {
        runtime.block_on(post(url, &one_each[..FEW], 1))?;
        Ok(())
    })?;
    millis.sort_by(f64::total_cmp);
    let [p50, p99] = [50, 99].map(|percent| millis[(millis.len() * percent).div_ceil(100) - 1]);
    let served = TEXTS as f64 / seconds;
    Ok([encoder, bench, inside, served, listed, single, p50, p99, cores])
}

fn rate(texts: usize, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let started = Instant::now();
    work()?;
    Ok(texts as f64 / started.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
