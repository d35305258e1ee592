//! `/livez` and `/readyz` while all that the server can do is asked of it: `make bench-probes`.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::spawn_local;

use crate::http::get;
use crate::load::{Pool, endless_loop, percentile};
use crate::server::Server;
use crate::verdict::at_most;
use crate::work::{embed, snippets};

const CLIENTS: usize = 128;
/// How long a client waits after a refusal.
const PAUSE: Duration = Duration::from_millis(200);
const RUNS: usize = 5;
const EVERY: Duration = Duration::from_millis(20);
const PATHS: [&str; 2] = ["/livez", "/readyz"];

pub async fn run(duration: Duration) -> anyhow::Result<()> {
    let server = Server::start(&[])?;
    let requests = embed(&snippets()?, &[1, 32], "");
    let load = Pool::new(server.address, None);
    let _clients = endless_loop(&load, &requests, CLIENTS, PAUSE);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut p99 = PATHS.map(|_| Vec::new());
    for run in 1..=RUNS {
        let probing =
            PATHS.map(|path| spawn_local(probe(Pool::new(server.address, None), path, duration)));
        for (index, probing) in probing.into_iter().enumerate() {
            let (latencies, failed) = probing.await?;
            let value = 1e3 * percentile(latencies.clone(), 99);
            println!("  run {run}: {} p99 {value:.1} ms of {}", PATHS[index], latencies.len());
            at_most(&format!("failed {}", PATHS[index]), failed as f64, 0.0);
            p99[index].push(value);
        }
    }
    for (path, p99) in PATHS.iter().zip(p99) {
        at_most(&format!("{path}, median of p99 in ms"), percentile(p99, 50), 30.0);
    }
    Ok(())
}

/// The seconds of each probe, and how many were not a 200.
async fn probe(pool: Rc<Pool>, path: &'static str, duration: Duration) -> (Vec<f64>, usize) {
    let (start, request) = (Instant::now(), get(path));
    let (mut latencies, mut failed) = (Vec::new(), 0);
    while start.elapsed() < duration {
        let sent = Instant::now();
        let reply = pool.send(&request).await;
        latencies.push(sent.elapsed().as_secs_f64());
        failed += usize::from(!reply.is_ok_and(|reply| reply.status == 200));
        tokio::time::sleep(EVERY).await;
    }
    (latencies, failed)
}
