//! Clients that hang up before their answer: `make bench-hangups`.

use std::rc::Rc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use crate::http::Connection;
use crate::load::Pool;
use crate::server::Server;
use crate::verdict::at_most;
use crate::work::{embed, snippets};

const AT_ONCE: usize = 100;
const TEXTS: usize = 8;
/// A client stays at most this long; all that wait at a time take longer to compute.
const LONGEST_STAY_MS: u64 = 300;

pub async fn run(count: usize) -> anyhow::Result<()> {
    let server = Server::start(&[])?;
    let requests = embed(&snippets()?, &[TEXTS], "");
    let mut random = StdRng::seed_from_u64(11);
    let mut left = 0;
    while left < count {
        let mut clients = JoinSet::new();
        for request in requests.iter().cycle().skip(left).take(AT_ONCE.min(count - left)) {
            let bytes = Rc::clone(&request.bytes);
            let stay = Duration::from_millis(random.random_range(0..LONGEST_STAY_MS));
            let address = server.address;
            clients.spawn_local(async move {
                let mut connection = Connection::open(address, None).await?;
                connection.stream.write_all(&bytes).await?;
                tokio::time::sleep(stay).await;
                std::io::Result::Ok(())
            });
            left += 1;
        }
        for client in clients.join_all().await {
            client?;
        }
    }
    let single = embed(&snippets()?, &[1], "");
    let now = Instant::now();
    let next = Pool::new(server.address, None).answered(&single[0], now, now).await;
    let tokens = server.metric("strata_batching_pass_tokens_computed_total").await?;
    let unwanted = server.metric("strata_batching_pass_tokens_unwanted_total").await?;
    let cancelled = server.metric("strata_http_requests_cancelled_total").await?;
    println!("  {left} left, {cancelled} before their answer; {tokens} tokens in passes");
    at_most("share of tokens begun for clients that had left", unwanted / tokens, 0.01);
    println!("  the next request: {} after {:.3} s", next.status, next.latency);
    at_most("seconds of the next request", next.latency, 0.5);
    at_most("the next request failed", f64::from(next.status != 200), 0.0);
    Ok(())
}
