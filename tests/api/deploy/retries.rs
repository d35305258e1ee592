//! Which requests HAProxy sends to another replica.

use serde_json::json;

use super::balancer::Balancer;
use super::connection::{CLIENTS, Connection};
use super::fake::{Behaviour, Fake};
use super::isolation::isolated;
use super::stack::{REPLICAS, ready_servers};
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
        until("both are ready", || ready_servers() == 2);
        let mut connection = Connection::open(CLIENTS).unwrap();
        let reply = connection.post("/embed", "", &json!({"inputs": "a"})).unwrap();
        assert_eq!(reply.status, 502);
        assert_eq!(replicas.each_ref().map(Fake::requests), [1, 1]);
    });
}
