//! The client's address on its way through HAProxy, with the addresses of compose's network.

use std::net::IpAddr;

use serde_json::{Value, json};
use strata::keys::Sha256Hash;

use super::balancer::Balancer;
use super::compose::Compose;
use super::connection::{Connection, get};
use super::isolation::isolated;
use super::{run, until};
use crate::support::process::Strata;
use crate::support::tiny;

#[test]
fn a_client_cannot_choose_its_address_even_from_within_the_network_of_compose() {
    let name = "a_client_cannot_choose_its_address_even_from_within_the_network_of_compose";
    isolated(&format!("deploy::addresses::{name}"), || {
        let balancer = Balancer::start();
        let compose = Compose::read();
        let (trusted, gateway) = (compose.trusted_proxies(), compose.gateway());
        let mut containers = trusted.hosts().filter(|address| *address != gateway);
        let [replica, other] = [(); 2].map(|()| containers.next().unwrap());
        for address in [gateway, replica, other] {
            run("ip", &["address", "add", &address.to_string(), "dev", "lo"]);
        }
        let IpAddr::V4(listening) = replica else { panic!("{replica}") };

        let keys = format!("[one]\nsha256 = \"{}\"\n", Sha256Hash::of_key(b"a").to_hex());
        let strata = Strata::new(&["serve", "--host", &replica.to_string(), "--port", "8080"])
            .arg("--model")
            .arg(tiny("sentence").to_str().unwrap())
            .file("keys.toml", &keys)
            .env("STRATA_AUTH_KEYS_FILE", "keys.toml")
            .env("STRATA_HTTP_TRUSTED_PROXIES", &trusted.to_string())
            .env("STRATA_HTTP_STOP_DELAY_MS", "0")
            .env("STRATA_LOG_FORMAT", "json");
        let mut running = strata.start();
        balancer.dns.add(listening);
        until("the replica is ready", || get("http://127.0.0.1:8405/healthz").0 == 200);

        // A connection to an address of this machine comes from the same address.
        for (client, seen) in [(gateway, gateway), (other, replica)] {
            let mut connection = Connection::open(&format!("{client}:8000")).unwrap();
            let forged = "authorization: Bearer b\r\nx-forwarded-for: 192.0.2.7\r\n";
            let reply = connection.post("/embed", forged, &json!({"inputs": "a"})).unwrap();
            assert_eq!(reply.status, 401);
            let log = running.until_logged("\"client\"");
            let line: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
            assert_eq!(line["client"], seen.to_string(), "{client}: {line}");
        }
    });
}
