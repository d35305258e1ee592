//! HAProxy's configuration beside Strata's, and what all services of compose have in common.

use std::fs;
use std::process::Command;
use std::time::Duration;

use ipnet::IpNet;
use serde_json::{Value, json};
use strata::config::Config;

use super::HAPROXY;
use super::compose::Compose;
use super::dns::Dns;
use super::isolation::{Network, isolated};
use super::stack::REPLICAS;
use crate::support::root;

fn haproxy() -> String {
    fs::read_to_string(root().join("deploy/haproxy/haproxy.cfg")).unwrap()
}

/// The words after `name` in HAProxy's configuration, where it stands at the beginning of a line or behind
/// other options of a server.
fn values(name: &str) -> Vec<String> {
    let lines = haproxy();
    let lines = lines.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let found = lines.filter_map(|line| {
        format!(" {line}")
            .split_once(&format!(" {name} "))
            .map(|(_, rest)| rest.split(' ').next().unwrap().to_owned())
    });
    found.collect()
}

#[track_caller]
fn value(name: &str) -> String {
    let [found] = <[String; 1]>::try_from(values(name)).unwrap();
    found
}

/// How many connections HAProxy may have, and how many of them clients may have.
pub fn connection_limits() -> [u32; 2] {
    let limits: Vec<_> = values("maxconn").iter().map(|value| value.parse().unwrap()).collect();
    limits.try_into().unwrap()
}

#[track_caller]
fn time(name: &str) -> Duration {
    let text = value(name);
    match text.strip_suffix("ms") {
        Some(millis) => Duration::from_millis(millis.parse().unwrap()),
        None => Duration::from_secs(text.strip_suffix('s').unwrap().parse().unwrap()),
    }
}

fn number(name: &str) -> u32 {
    value(name).parse().unwrap()
}

#[test]
fn haproxy_finds_its_configuration_correct() {
    isolated("deploy::files::haproxy_finds_its_configuration_correct", || {
        let (_network, dns) = (Network::new(&[]), Dns::start("strata"));
        dns.add(REPLICAS[0]);
        let path = root().join("deploy/haproxy/haproxy.cfg");
        let output = Command::new(HAPROXY).args(["-c", "-f"]).arg(path).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && !said.contains("WARNING"), "{said}");
    });
}

#[test]
fn the_times_of_haproxy_fit_those_of_strata() {
    let http = Config::defaults().unwrap().http;
    let noticed = time("inter") * number("fall") + time("timeout check");
    assert!(noticed < http.stop_delay, "a stop is noticed after {noticed:?}, too late");
    assert!(http.max_timeout < time("timeout server") && http.max_timeout < time("timeout client"));
    assert!(http.header_timeout <= time("timeout http-request"));
    // Half of the idle connections are closed after each of these times.
    let rounds = connection_limits()[0].ilog2() + 1;
    let closed = time("pool-purge-delay") * rounds;
    assert!(closed < http.idle_timeout, "the last idle connection is closed after {closed:?}");
    // Docker kills what doesn't stop within 10 s.
    let patience = Duration::from_secs(10);
    assert!(http.stop_delay + http.grace < patience && time("hard-stop-after") < patience);
}

#[test]
fn the_limits_of_haproxy_fit_its_container() {
    let compose = Compose::read();
    let service = &compose.0["services"]["haproxy"];
    let files = service["ulimits"]["nofile"].as_u64().unwrap();
    let [all, of_clients] = connection_limits();
    assert!(of_clients + 50 <= all, "too few are left for metrics and health");
    // Two for each connection of a client, and some for checks, listeners and metrics.
    assert!(u64::from(all) * 2 + 100 < files);
    let limit = service["deploy"]["resources"]["limits"]["memory"].as_str().unwrap();
    let mebibytes: u32 = limit.strip_suffix('M').unwrap().parse().unwrap();
    // Two buffers for each connection, and as much again for everything else.
    assert!(all * (number("tune.bufsize") >> 10) * 2 * 2 <= mebibytes << 10);
}

#[test]
fn the_errors_of_haproxy_itself_are_problems_in_json() {
    let config = haproxy();
    let lines = config.lines().filter_map(|line| line.trim().strip_prefix("http-error status "));
    let statuses = lines.map(|line| {
        let status: u64 = line.split(' ').next().unwrap().parse().unwrap();
        assert!(line.contains(" content-type application/problem+json string "), "{line}");
        let problem: Value = serde_json::from_str(line.split('\'').nth(1).unwrap()).unwrap();
        assert_eq!(problem["status"], status, "{line}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{line}");
        status
    });
    assert_eq!(statuses.collect::<Vec<_>>(), [400, 408, 500, 502, 503, 504]);
}

#[test]
fn each_service_may_do_only_what_it_has_to() {
    let compose = Compose::read();
    for (name, service) in compose.services() {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
        assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]), "{name}");
        assert_eq!(service["restart"], "unless-stopped", "{name}");
        assert!(service["deploy"]["resources"]["limits"]["memory"].is_string(), "{name}");
        for port in compose.list(name, "ports") {
            assert!(port.starts_with("127.0.0.1:"), "{name} is reachable from elsewhere: {port}");
        }
        if service["build"].is_null() {
            let image = service["image"].as_str().unwrap();
            let version = image.rsplit_once(':').map_or("", |(_, version)| version);
            assert!(version.split('.').count() == 3, "{name}: {image} has no exact version");
            assert!(service["healthcheck"]["test"].is_array(), "{name}");
        }
    }
}

#[test]
fn strata_trusts_the_containers_of_compose_and_not_the_gateway() {
    let compose = Compose::read();
    let trusted = compose.trusted_proxies();
    let network = &compose.0["networks"]["default"]["ipam"]["config"][0];
    let text = |field: &str| network[field].as_str().unwrap();
    assert_eq!(trusted.to_string(), text("ip_range"));
    assert!(text("subnet").parse::<IpNet>().unwrap().contains(&trusted));
    assert!(!trusted.contains(&compose.gateway()));
}

#[test]
fn haproxy_has_room_for_all_replicas_and_clients_reach_it() {
    let compose = Compose::read();
    let replicas = compose.0["services"]["strata"]["deploy"]["replicas"].as_u64().unwrap();
    let slots: u64 = value("server-template strata").parse().unwrap();
    assert!(2 <= replicas && replicas <= slots);
    assert!(haproxy().contains("    bind :8000\n"));
    let published = Value::from(compose.list("haproxy", "ports"));
    assert_eq!(published, json!(["127.0.0.1:8080:8000"]));
}

#[test]
fn what_a_person_changes_is_mounted_as_a_folder() {
    let compose = Compose::read();
    for (name, _) in compose.services() {
        for volume in compose.list(name, "volumes") {
            let Some((own, _)) = volume.strip_prefix("./").and_then(|rest| rest.split_once(':'))
            else {
                continue;
            };
            // The mount of a file goes on showing the old one after the file was replaced.
            assert!(root().join(own).is_dir(), "{name}: {volume}");
        }
    }
}
