//! Which requests HAProxy sends to another replica.

use serde_json::json;

use super::balancer::Balancer;
use super::connection::{CLIENTS, Connection};
use super::fake::{Behaviour, Fake};
use super::isolation::isolated;
use super::stack::{REPLICAS, servers};
use super::until;

#[test]
fn a_request_that_kills_its_process_is_given_to_one_other_replica_and_no_more() {
    let name = "a_request_that_kills_its_process_is_given_to_one_other_replica_and_no_more";
    isolated(&format!("deploy::retries::{name}"), || {
        let balancer = Balancer::start();
        let replicas = REPLICAS.map(|address| Fake::start(address, Behaviour::Die));
        for address in REPLICAS {
            balancer.dns.add(address);
        }
        until("both are ready", || servers("UP") == 2);
        let mut connection = Connection::open(CLIENTS).unwrap();
        let reply = connection.post("/embed", "", &json!({"inputs": "a"})).unwrap();
        assert_eq!(reply.status, 502);
        assert_eq!(replicas.each_ref().map(Fake::requests), [1, 1]);
    });
}

#[test]
fn a_replica_that_is_not_ready_fails_no_small_request_and_has_none_after_its_first_check() {
    let name =
        "a_replica_that_is_not_ready_fails_no_small_request_and_has_none_after_its_first_check";
    isolated(&format!("deploy::retries::{name}"), || {
        let balancer = Balancer::start();
        let _ready = Fake::start(REPLICAS[0], Behaviour::Mirror);
        let starting = Fake::start(REPLICAS[1], Behaviour::Start);
        balancer.dns.add(REPLICAS[0]);
        until("one is ready", || servers("UP") == 1);
        let mut connection = Connection::open(CLIENTS).unwrap();
        let mut status =
            |text: &str| connection.post("/embed", "", &json!({ "inputs": text })).unwrap().status;
        balancer.dns.add(REPLICAS[1]);
        // HAProxy takes an address that is new for ready, until its first check.
        while servers("DOWN") == 0 {
            assert_eq!(status("a"), 200);
        }
        let before = starting.requests();
        let large = "a".repeat(1 << 17);
        assert!((0..20).all(|_| status("a") == 200 && status(&large) == 200));
        assert_eq!(starting.requests(), before);
    });
}
