//! What HAProxy does with a request and an answer, seen from both sides.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::compose::Compose;
use super::connection::{CLIENTS, Connection, get};
use super::dns::Dns;
use super::fake::{Behaviour, Fake};
use super::files::connection_limits;
use super::isolation::{Network, isolated};
use super::{HAPROXY, Process, run, until};

const REPLICA: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// HAProxy with the configuration that compose mounts, and with a master process, as its image starts it.
pub fn start_haproxy(compose: &Compose) -> Process {
    let config = compose.mounted("haproxy", "/usr/local/etc/haproxy/haproxy.cfg");
    let mut command = Command::new(HAPROXY);
    Process::start(command.args(["-W", "-db", "-f"]).arg(config).stdout(Stdio::null()))
}

pub struct Balancer {
    pub dns: Dns,
    haproxy: Process,
    _network: Network,
}

impl Balancer {
    /// HAProxy as compose runs it, without a replica.
    pub fn start() -> Self {
        let network = Network::new(&[]);
        let dns = Dns::start("strata");
        let haproxy = start_haproxy(&Compose::read());
        until("HAProxy listens", || get("http://127.0.0.1:8405/healthz").0 == 503);
        Self { dns, haproxy, _network: network }
    }

    /// Makes HAProxy read its configuration again, as `docker compose kill -s USR2 haproxy` does.
    pub fn reload(&self) {
        run("kill", &["-USR2", &self.haproxy.0.id().to_string()]);
    }
}

#[test]
fn a_request_reaches_the_replica_with_its_id_its_trace_and_its_address() {
    let name = "a_request_reaches_the_replica_with_its_id_its_trace_and_its_address";
    isolated(&format!("deploy::balancer::{name}"), || {
        let balancer = Balancer::start();
        let _mirror = Fake::start(REPLICA, Behaviour::Mirror);
        balancer.dns.add(REPLICA);
        until("a replica is ready", || get("http://127.0.0.1:8405/healthz").0 == 200);
        let mut connection = Connection::open(CLIENTS).unwrap();
        let mut ask =
            |headers: &str| connection.post("/embed", headers, &json!({"inputs": "a"})).unwrap();
        let lines = |head: &str, name: &str| -> Vec<String> {
            let named = |line: &&str| line.starts_with(&format!("{name}: "));
            head.lines().filter(named).map(str::to_owned).collect()
        };

        let trace = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let reply = ask(&format!(
            "x-request-id: mine-1\r\n{trace}\r\nauthorization: Bearer k\r\nforwarded: for=192.0.2.1\r\n\
             x-forwarded-for: 192.0.2.7\r\n"
        ));
        assert_eq!((reply.status, reply.header("x-request-id")), (200, Some("mine-1")));
        assert_eq!(lines(&reply.body, "x-request-id"), ["x-request-id: mine-1"]);
        assert_eq!(lines(&reply.body, "traceparent"), [trace]);
        assert_eq!(lines(&reply.body, "authorization"), ["authorization: Bearer k"]);
        assert_eq!(lines(&reply.body, "forwarded"), [""; 0]);
        assert_eq!(lines(&reply.body, "x-forwarded-for"), ["x-forwarded-for: 127.0.0.1"]);

        let reply = ask("x-request-id: mine,1\r\n");
        assert_eq!(lines(&reply.body, "x-request-id"), ["x-request-id: mine,1"]);

        // An id that Strata would not take is replaced, as one that is missing, and so are two.
        for headers in [
            "",
            &format!("x-request-id: {}\r\n", "a".repeat(129)),
            &format!("x-request-id: {},b\r\n", "a".repeat(128)),
            "x-request-id: a b\r\n",
            "x-request-id: a, b\r\n",
            "x-request-id: a b, c\r\n",
            "x-request-id: a\r\nx-request-id: b\r\n",
        ] {
            let reply = ask(headers);
            let ids = lines(&reply.body, "x-request-id");
            assert_eq!(ids, [format!("x-request-id: {}", reply.header("x-request-id").unwrap())]);
            assert_eq!(ids[0].len(), "x-request-id: ".len() + 36, "{ids:?}");
        }
    });
}

#[test]
fn without_a_replica_the_answer_is_a_problem_in_json() {
    let name = "without_a_replica_the_answer_is_a_problem_in_json";
    isolated(&format!("deploy::balancer::{name}"), || {
        let _balancer = Balancer::start();
        let mut connection = Connection::open(CLIENTS).unwrap();
        let reply =
            connection.post("/embed", "x-request-id: mine\r\n", &json!({"inputs": "a"})).unwrap();
        assert_eq!(reply.status, 503);
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert_eq!(reply.header("x-request-id"), Some("mine"));
        let problem: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(problem["status"], 503);
    });
}

#[test]
fn clients_that_take_all_connections_keep_nobody_from_health_and_metrics() {
    let name = "clients_that_take_all_connections_keep_nobody_from_health_and_metrics";
    isolated(&format!("deploy::balancer::{name}"), || {
        let own = std::process::id().to_string();
        run("prlimit", &["--pid", &own, "--nofile=8192:8192"]);
        let _balancer = Balancer::start();
        let [all, of_clients] = connection_limits();
        // More than HAProxy accepts wait in the system's queue.
        let _idle: Vec<_> = (0..all).map_while(|_| Connection::open(CLIENTS).ok()).collect();
        let current =
            format!("haproxy_frontend_current_sessions{{proxy=\"clients\"}} {of_clients}\n");
        until("clients have all that they may have", || {
            get("http://127.0.0.1:8405/metrics").1.contains(&current)
        });
        assert_eq!(get("http://127.0.0.1:8405/healthz").0, 503);
    });
}
