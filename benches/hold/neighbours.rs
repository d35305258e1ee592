//! A client that sends one text at a time beside one that keeps as much waiting as it is let:
//! `make bench-neighbours`.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use crate::load::{Pool, counts, endless_loop, percentile};
use crate::server::Server;
use crate::verdict::at_most;
use crate::work::{embed, snippets};

const BULK: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const BULK_REQUESTS: usize = 256;
/// How long the bulk client waits after a refusal.
const PAUSE: Duration = Duration::from_millis(250);
const WARM_UP: Duration = Duration::from_secs(3);

pub async fn run(duration: Duration) -> anyhow::Result<()> {
    let texts = snippets()?;
    let server = Server::start(&[])?;
    for (name, size) in [("single texts", 1), ("lists of 256", 256)] {
        let (bulk, single) = (embed(&texts, &[size], ""), embed(&texts, &[1], ""));
        let pool = Pool::new(server.address, Some(BULK));
        let start = Instant::now();
        let mut running = endless_loop(&pool, &bulk, BULK_REQUESTS, PAUSE);
        tokio::time::sleep(WARM_UP).await;
        let pool = Pool::new(server.address, None);
        let mut answers = Vec::new();
        while start.elapsed() < WARM_UP + duration {
            let request = &single[answers.len() % single.len()];
            answers.push(pool.answered(request, Instant::now(), start).await);
        }
        running.shutdown().await;
        println!("\nbeside {name}: {:?}", counts(&answers));
        let passes = answers.iter().map(|answer| answer.forward / 1e3).collect();
        let latencies: Vec<f64> = answers.iter().map(|answer| answer.latency).collect();
        let (pass, p99) = (percentile(passes, 50), percentile(latencies, 99));
        println!("  p99 {:.1} ms, a pass takes {:.1} ms (median)", p99 * 1e3, pass * 1e3);
        at_most("p99 in passes", p99 / pass, 3.0);
        let failed = answers.iter().filter(|answer| answer.status != 200).count();
        at_most("answers other than 200", failed as f64, 0.0);
    }
    Ok(())
}
