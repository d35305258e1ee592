//! An open loop at twice and at ten times the rate of a closed loop: `make bench-overload`.

use std::time::Duration;

use anyhow::ensure;

use crate::load::{Answered, Pool, after, closed_loop, counts, goodput, open_loop, percentile};
use crate::server::Server;
use crate::verdict::{at_least, at_most, flat_memory};
use crate::work::{embed, snippets};

const DEADLINE: &str = "x-timeout-ms: 10000\r\n";
const DEADLINE_SECONDS: f64 = 10.0;
/// Texts in flight in the closed loop: enough to fill each pass, and few enough to be let in.
const IN_FLIGHT: usize = 64;

/// A checkpoint of BERT-base's shape with random weights, for requests so small that a small model's
/// pass is not much more work than their HTTP.
const BASE: &str = "target/peers/bert-base";

struct Shape {
    name: &'static str,
    /// Settings of the server.
    settings: &'static [(&'static str, &'static str)],
    /// Texts per request, in turn.
    sizes: &'static [usize],
    /// The share of the closed loop's rate that is demanded.
    demanded: f64,
}

const SHAPES: [Shape; 3] = [
    Shape {
        name: "single texts, BERT-base's shape",
        settings: &[("STRATA_MODEL", BASE)],
        sizes: &[1],
        demanded: 0.9,
    },
    Shape { name: "lists of 32", settings: &[], sizes: &[32], demanded: 0.9 },
    Shape { name: "1, 32, 256 in turn", settings: &[], sizes: &[1, 32, 256], demanded: 0.85 },
];

pub async fn run(duration: Duration) -> anyhow::Result<()> {
    let texts = snippets()?;
    for Shape { name, settings, sizes, demanded } in SHAPES {
        let server = Server::start(settings)?;
        let requests = embed(&texts, sizes, DEADLINE);
        let mean = sizes.iter().sum::<usize>() as f64 / sizes.len() as f64;
        let pool = Pool::new(server.address, None);
        let clients = ((IN_FLIGHT as f64 / mean) as usize).max(4);
        let seconds = (duration / 3).max(Duration::from_secs(5));
        let closed = closed_loop(&pool, &requests, clients, after(seconds)).await;
        let refused = closed.iter().filter(|answer| answer.status != 200).count();
        ensure!(refused == 0, "the closed loop got {refused} answers other than 200");
        // Up to the last answer, since a large request may begin just before the end.
        let last = closed.iter().map(|answer| answer.at).fold(0.0, f64::max);
        let closed = goodput(&closed, last);
        println!("\n{name}: closed loop with {clients} clients, {closed:.1} texts/s");
        for times in [2.0, 10.0] {
            let quarter = duration.as_secs() / 4;
            let mut memory = None;
            let per_second = times * closed / mean;
            let answers = open_loop(&pool, &requests, per_second, duration, |second| {
                if second == quarter.max(1) {
                    memory = server.usage().ok().map(|usage| usage.resident);
                }
            });
            let answers = answers.await;
            println!(" {times} × = {per_second:.1} requests/s, {} sent", answers.len());
            let end = server.usage()?.resident;
            report(&answers, duration, closed, sizes, demanded);
            flat_memory(memory.unwrap_or(end), end);
        }
    }
    Ok(())
}

fn report(answers: &[Answered], duration: Duration, closed: f64, sizes: &[usize], demanded: f64) {
    let ratio = goodput(answers, duration.as_secs_f64()) / closed;
    println!("  answers: {:?}", counts(answers));
    let good = |answer: &&Answered| answer.status == 200;
    let latencies: Vec<f64> = answers.iter().filter(good).map(|answer| answer.latency).collect();
    let [p50, p99] = [50, 99].map(|percent| percentile(latencies.clone(), percent));
    println!("  latency of 200: p50 {p50:.2} s, p99 {p99:.2} s");
    at_least("goodput as a share of the closed loop's", ratio, demanded);
    let other = answers.iter().filter(|answer| ![200, 429, 504].contains(&answer.status)).count();
    at_most("answers other than 200, 429, 504", other as f64, 0.0);
    let in_time = latencies.iter().filter(|latency| **latency <= DEADLINE_SECONDS).count();
    let expired = answers.iter().filter(|answer| answer.code == "deadline_exceeded").count();
    let late = (latencies.len() - in_time + expired) as f64;
    let admitted = (latencies.len() + expired).max(1) as f64;
    at_most("late share of what was let in", late / admitted, 0.01);
    for size in sizes {
        let of_size = answers.iter().filter(good).filter(|answer| answer.texts == *size).count();
        at_least(&format!("answers to requests of {size}"), of_size as f64, 1.0);
    }
}
