//! Many mixed requests to a tiny checkpoint: memory, threads and descriptors stay as they are:
//! `make bench-soak`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::task::{JoinSet, spawn_local};

use crate::http::{Connection, get, post};
use crate::load::{Pool, Request, closed_loop, counts};
use crate::server::{Server, Usage};
use crate::verdict::{at_most, flat_memory};
use crate::work::{snippets, words};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny/sentence");
const CLIENTS: usize = 32;
/// Pause between two clients that hang up.
const HANG_UP_EVERY: Duration = Duration::from_millis(50);
/// Until idle threads have ended and closed connections are gone.
const QUIET: Duration = Duration::from_secs(15);

pub async fn run(count: usize) -> anyhow::Result<()> {
    let server = Server::start(&[("STRATA_MODEL", MODEL)])?;
    let requests = mixed(&snippets()?);
    println!("  ready: {:?}", server.usage()?);
    let quarter = part(&server, &requests, count / 4).await?;
    println!("  after a quarter: {quarter:?}");
    let end = part(&server, &requests, count - count / 4).await?;
    println!("  in the end: {end:?}");
    flat_memory(quarter.resident, end.resident);
    let change = |quarter: usize, end: usize| quarter.abs_diff(end) as f64;
    at_most("change of threads", change(quarter.threads as usize, end.threads as usize), 0.0);
    at_most("change of descriptors", change(quarter.descriptors, end.descriptors), 0.0);
    Ok(())
}

/// Sends `count` requests, closes all connections, and waits until the server is idle.
async fn part(server: &Server, requests: &Rc<[Request]>, count: usize) -> anyhow::Result<Usage> {
    let leaving = spawn_local(hang_up(server.address, Rc::clone(requests)));
    let mut statuses = BTreeMap::new();
    // In portions, so that the answers that are kept stay few.
    let mut left = count;
    while left > 0 {
        let portion = left.min(20_000);
        let pool = Pool::new(server.address, None);
        let sent = Rc::new(Cell::new(0));
        let stop = move || sent.replace(sent.get() + 1) >= portion;
        let answers = closed_loop(&pool, requests, CLIENTS, stop).await;
        for (status, number) in counts(&answers) {
            *statuses.entry(status).or_insert(0) += number;
        }
        left -= portion;
    }
    leaving.abort();
    println!("  {count} requests: {statuses:?}");
    tokio::time::sleep(QUIET).await;
    server.usage()
}

/// Sends requests and leaves before their answers.
async fn hang_up(server: SocketAddr, requests: Rc<[Request]>) {
    let mut clients = JoinSet::new();
    for request in requests.iter().cycle() {
        let bytes = Rc::clone(&request.bytes);
        clients.spawn_local(async move {
            if let Ok(mut connection) = Connection::open(server, None).await {
                let _ = connection.stream.write_all(&bytes).await;
            }
        });
        tokio::time::sleep(HANG_UP_EVERY).await;
        while clients.try_join_next().is_some() {}
    }
}

/// What clients send, well formed or not.
fn mixed(texts: &[String]) -> Rc<[Request]> {
    let embed = |body: Value| post("/embed", "", &body.to_string());
    let mut requests = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let list: Vec<&String> = texts.iter().cycle().skip(index).take(2 + index % 7).collect();
        let bytes = match index % 32 {
            0 => embed(json!({ "inputs": list })),
            1 => embed(json!({ "inputs": list, "encoding": "base64" })),
            2 => embed(json!({"inputs": text, "tokens": true, "recipe": "last-four-concat"})),
            3 => embed(json!({"inputs": words(texts, 30 + index % 64), "long_text": "window"})),
            4 => embed(json!({"inputs": [{"text": text, "pair": text}]})),
            5 => embed(json!({ "inputs": [] })),
            6 => embed(json!({"inputs": text, "recipe": format!("unknown-{index}")})),
            7 => post("/embed", "", &format!("{{\"inputs\": {index}")),
            8 => get(&format!("/nothing/{index}")),
            9 => get("/metrics"),
            10 => get("/readyz"),
            11 => post("/embed", "x-timeout-ms: 1\r\n", &json!({ "inputs": list }).to_string()),
            _ => embed(json!({ "inputs": text })),
        };
        requests.push(Request { bytes: bytes.into(), texts: 1 });
    }
    requests.into()
}
