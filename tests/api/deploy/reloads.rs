//! HAProxy reads its configuration again while clients send requests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::balancer::Balancer;
use super::connection::{CLIENTS, Connection, Reply, get};
use super::fake::{Behaviour, Fake};
use super::isolation::isolated;
use super::stack::{REPLICAS, servers};
use super::{Stopping, until};

/// Requests before each reload.
const SOME: u64 = 200;

/// A number of HAProxy's worker, by the beginning of its line; `None` if it doesn't say.
fn number(line: &str) -> Option<u64> {
    let scrape = get("http://127.0.0.1:8405/metrics").1;
    scrape.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok())
}

/// The connections of clients since the worker started.
fn connections() -> Option<u64> {
    number("haproxy_frontend_connections_total{proxy=\"clients\"} ")
}

/// When the worker started, in seconds since 1970.
fn started() -> Option<u64> {
    number("haproxy_process_start_time_seconds ")
}

/// Sends requests, each over a connection of its own, until it is stopped or one fails, which it returns.
fn client(stop: &AtomicBool) -> Option<String> {
    while !stop.load(Ordering::SeqCst) {
        let mut connection = Connection::open(CLIENTS).unwrap();
        match connection.post("/embed", "", &json!({"inputs": "a"})) {
            Ok(Reply { status: 200, .. }) => {}
            other => {
                stop.store(true, Ordering::SeqCst);
                return Some(format!("{other:?}"));
            }
        }
    }
    None
}

#[test]
fn no_client_sees_a_failure_while_haproxy_reads_its_configuration_again() {
    let name = "no_client_sees_a_failure_while_haproxy_reads_its_configuration_again";
    isolated(&format!("deploy::reloads::{name}"), || {
        let balancer = Balancer::start();
        let _replicas = REPLICAS.map(|address| Fake::start(address, Behaviour::Mirror));
        for address in REPLICAS {
            balancer.dns.add(address);
        }
        until("both are ready", || servers("UP") == 2);
        let stop = AtomicBool::new(false);
        let failures = thread::scope(|scope| {
            let clients = [(); 3].map(|()| scope.spawn(|| client(&stop)));
            let stopping = Stopping(&stop);
            for _ in 0..3 {
                let goes_on = |condition: bool| condition || stop.load(Ordering::SeqCst);
                until("some requests", || goes_on(connections().is_some_and(|all| all > SOME)));
                let before = started();
                let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
                until("a later start is in another second", || {
                    before.is_some_and(|one| one < now())
                });
                balancer.reload();
                until("there is a new worker", || goes_on(started() > before));
                until("it has both replicas", || goes_on(servers("UP") == 2));
            }
            drop(stopping);
            clients.map(|client| client.join().unwrap())
        });
        assert_eq!(failures, [const { None }; 3]);
    });
}
