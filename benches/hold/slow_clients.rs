//! Clients that don't read, that write a byte a second, and that announce a body and stay silent, all
//! at once: `make bench-slow-clients`.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncWriteExt, Interest};
use tokio::task::{JoinSet, spawn_local};

use crate::http::{Connection, post};
use crate::load::{Answered, Pool, after, closed_loop, counts, percentile};
use crate::server::Server;
use crate::verdict::at_most;
use crate::work::{embed, snippets, words};

const NORMAL_CLIENTS: usize = 4;
const SLOW: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
const NOT_READING: usize = 64;
const DRIPPING: usize = 500;
const SILENT: usize = 32;

pub async fn run(duration: Duration) -> anyhow::Result<()> {
    let texts = snippets()?;
    let server = Rc::new(Server::start(&[])?);
    let ready = server.usage()?.resident;
    let requests = embed(&texts, &[1], "");
    let pool = Pool::new(server.address, None);
    let alone = closed_loop(&pool, &requests, NORMAL_CLIENTS, after(duration / 2)).await;
    let before = p99("without slow clients", &alone);
    let _slow = slow_clients(&server, &texts);
    let highest = Rc::new(Cell::new(0.0_f64));
    let watching = spawn_local({
        let (server, highest) = (Rc::clone(&server), Rc::clone(&highest));
        async move {
            while let Ok(usage) = server.usage() {
                highest.set(highest.get().max(usage.resident));
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    });
    let beside = closed_loop(&pool, &requests, NORMAL_CLIENTS, after(duration)).await;
    watching.abort();
    let during = p99("beside slow clients", &beside);
    let budget = server.metric("strata_memory_limit_bytes").await?;
    println!("  memory: {:.1} MB when ready, at most {:.1} MB", ready / 1e6, highest.get() / 1e6);
    at_most("memory above that when ready, in budgets", (highest.get() - ready) / budget, 1.25);
    at_most("p99 of normal clients, times that without", during / before, 1.5);
    let failed = beside.iter().filter(|answer| answer.status != 200).count();
    at_most("normal requests that failed", failed as f64, 0.0);
    Ok(())
}

fn p99(name: &str, answers: &[Answered]) -> f64 {
    let p99 = percentile(answers.iter().map(|answer| answer.latency).collect(), 99);
    println!("  {name}: {:?}, p99 {:.1} ms", counts(answers), p99 * 1e3);
    p99
}

/// Each comes back when the server has closed its connection.
fn slow_clients(server: &Server, texts: &[String]) -> JoinSet<()> {
    // One text, whose answer has 7 MB: more than the sockets' buffers hold.
    let recipe = json!({"layers": [0, 1, 2, 3, 4, 5, 6], "combine": "concat"});
    let large = json!({"inputs": words(texts, 250), "tokens": true, "recipe": recipe});
    let large: Rc<[u8]> = post("/embed", "", &large.to_string()).into();
    let drip: Rc<[u8]> = post("/embed", "", &json!({ "inputs": texts[0] }).to_string()).into();
    let announced: Rc<[u8]> = "POST /embed HTTP/1.1\r\nhost: bench\r\n\
        content-type: application/json\r\ncontent-length: 8388608\r\n\r\n{"
        .as_bytes()
        .into();
    let kinds = [(NOT_READING, large), (DRIPPING, drip), (SILENT, announced)];
    let mut slow = JoinSet::new();
    for (kind, (clients, bytes)) in kinds.into_iter().enumerate() {
        for _ in 0..clients {
            let (bytes, address) = (Rc::clone(&bytes), server.address);
            slow.spawn_local(async move {
                loop {
                    if let Ok(mut connection) = Connection::open(address, Some(SLOW)).await {
                        let piece = if kind == 1 { 1 } else { bytes.len() };
                        let _ = send_slowly(&mut connection, &bytes, piece).await;
                    }
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            });
        }
    }
    slow
}

/// Sends `piece` bytes each second, then waits until the server closes the connection.
async fn send_slowly(
    connection: &mut Connection,
    bytes: &[u8],
    piece: usize,
) -> std::io::Result<()> {
    for bytes in bytes.chunks(piece) {
        connection.stream.write_all(bytes).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // The kernel says that the server has closed even where its answer was not read.
    while !connection.stream.ready(Interest::READABLE).await?.is_read_closed() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}
