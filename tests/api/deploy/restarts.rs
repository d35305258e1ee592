//! Restarts of replicas while clients send requests.

use std::io::ErrorKind::UnexpectedEof;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use super::connection::{CLIENTS, Connection, Reply};
use super::isolation::isolated;
use super::lost::Lost;
use super::stack::{REPLICAS, Stack, scrape, waiting};
use super::{Stopping, until};

/// Requests between two events, and the most that a client sends.
const SOME: usize = 100;
const MOST: usize = 100_000;

/// The clients of a test.
#[derive(Default)]
struct Load {
    answered: AtomicUsize,
    /// Set by the test, or by a client that sees a failure.
    stop: AtomicBool,
}

impl Load {
    /// Sends the same request over one connection until it is stopped, or until one fails, which it
    /// returns.
    fn client(&self, body: &Value) -> Option<String> {
        let mut connection = Connection::open(CLIENTS).unwrap();
        for _ in 0..MOST {
            if self.stop.load(Ordering::SeqCst) {
                return None;
            }
            match connection.post("/embed", "", body) {
                Ok(Reply { status: 200, .. }) => self.answered.fetch_add(1, Ordering::SeqCst),
                other => {
                    self.stop.store(true, Ordering::SeqCst);
                    return Some(format!("{other:?}"));
                }
            };
        }
        Some("it went on for too long".to_owned())
    }

    fn until_some_more_are_answered(&self) {
        let before = self.answered.load(Ordering::SeqCst);
        until("more answers", || {
            self.stop.load(Ordering::SeqCst)
                || self.answered.load(Ordering::SeqCst) >= before + SOME
        });
    }
}

#[test]
fn no_client_sees_a_failure_while_a_replica_is_stopped_and_started_again() {
    let name = "no_client_sees_a_failure_while_a_replica_is_stopped_and_started_again";
    isolated(&format!("deploy::restarts::{name}"), || {
        let mut stack = Stack::start(&[]);
        let before = Lost::read();
        let load = Load::default();
        // The large one doesn't fit in HAProxy's buffer, so it can't be sent a second time.
        let long = "a film ".repeat(6_000);
        let (small, large) = (vec!["a film"; 2], vec![long.as_str(); 3]);
        let bodies =
            [small.clone(), small.clone(), small, large].map(|texts| json!({ "inputs": texts }));
        let failures = thread::scope(|scope| {
            let clients = bodies.each_ref().map(|body| scope.spawn(|| load.client(body)));
            let stopping = Stopping(&load.stop);
            for which in [0, 1] {
                load.until_some_more_are_answered();
                assert!(stack.stop_replica(which).success());
                load.until_some_more_are_answered();
                stack.start_replica(which);
                stack.until_both_are_ready();
            }
            load.until_some_more_are_answered();
            drop(stopping);
            clients.map(|client| client.join().unwrap())
        });
        assert_eq!(failures, [const { None }; 4]);
        until("HAProxy has lost nothing", || !Lost::read().since(&before).any());
        // Both get requests again.
        for address in REPLICAS {
            let embedded = [("route", "/embed"), ("status", "200")];
            assert!(
                scrape(address).sum("strata_http_requests_total", &embedded) > 0.0,
                "{address}"
            );
        }
    });
}

/// Has a request computed over this connection, so that it isn't the first one any more.
fn use_once(mut connection: Connection) -> Connection {
    assert_eq!(connection.post("/embed", "", &json!({"inputs": "a film"})).unwrap().status, 200);
    connection
}

#[test]
fn requests_that_a_killed_replica_takes_with_it_are_those_that_the_alert_counts() {
    let name = "requests_that_a_killed_replica_takes_with_it_are_those_that_the_alert_counts";
    isolated(&format!("deploy::restarts::{name}"), || {
        // Requests wait in the queue for two seconds.
        let mut stack = Stack::start(&[("STRATA_BATCHING_GATHER_MS", "2000")]);
        let before = Lost::read();
        let open = || Connection::open(CLIENTS).unwrap();

        // A small one is sent again.
        let mut connection = use_once(open());
        connection.send("/embed", "", &json!({"inputs": "a film"})).unwrap();
        let mut holder = None;
        until("a replica has it", || {
            holder = [0, 1].into_iter().find(|&which| waiting(REPLICAS[which]) > 0.0);
            holder.is_some()
        });
        stack.kill_replica(holder.unwrap());
        assert_eq!(connection.receive().unwrap().status, 200);
        until("HAProxy has lost nothing", || !Lost::read().since(&before).any());
        stack.start_replica(holder.unwrap());
        stack.until_both_are_ready();

        // Those that don't fit in HAProxy's buffer are lost: on a connection that was used, silently.
        assert!(stack.stop_replica(1).success());
        let long = "a film ".repeat(6_000);
        let large = json!({"inputs": vec![long.as_str(); 3]});
        let mut connections = [use_once(open()), open()];
        for connection in &mut connections {
            connection.send("/embed", "", &large).unwrap();
        }
        until("the replica has both", || waiting(REPLICAS[0]) >= 6.0);
        stack.kill_replica(0);
        let [used, new] = connections.each_mut().map(Connection::receive);
        assert_eq!((used.unwrap_err().kind(), new.unwrap().status), (UnexpectedEof, 502));
        until("HAProxy has counted one of each kind", || {
            let lost = Lost::read().since(&before);
            (lost.unanswered, lost.own_answers) == (1.0, 1.0) && lost.any()
        });
    });
}
