//! Every query of the dashboard and of the alerts, asked of Prometheus while all kinds of requests are sent.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use super::alerts::alerts;
use super::connection::get;
use super::dashboard::{Dashboard, Query};
use super::isolation::isolated;
use super::names::{name, selectors};
use super::prometheus::{Prometheus, has_number};
use super::provoke::Provoking;
use super::stack::{REPLICAS, Stack, families};

/// As in `deploy/prometheus/prometheus.yml`; a test compares that with Grafana's data source.
const SCRAPE_SECONDS: u32 = 5;

/// The alert that a replica provokes whose log goes to a full disk.
const FIRING: &str = "StrataLogLinesLost";

/// Metrics that are for other tools than the dashboard. Virtual memory says nothing: a checkpoint is mapped.
/// The limit of the queue is a setting.
const NOT_SHOWN: [&str; 2] = ["process_virtual_memory_bytes", "strata_batching_queue_limit_tokens"];

#[test]
fn every_query_of_the_dashboard_and_every_alert_answers() {
    let name = "every_query_of_the_dashboard_and_every_alert_answers";
    isolated(&format!("deploy::queries::{name}"), || {
        let provoking = Provoking::new();
        let settings = provoking.settings();
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let stack = Stack::start(&settings);
        let prometheus = Prometheus::start(&stack.compose);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    provoking.round();
                }
            });
            let unanswered = ask_until_all_answer(&prometheus);
            stop.store(true, Ordering::SeqCst);
            assert!(unanswered.is_empty(), "no answer:\n{}", unanswered.join("\n"));
        });
        everything_is_scraped_and_evaluated(&prometheus);
        names_are_those_that_replicas_have(&prometheus);
        for service in ["haproxy", "prometheus"] {
            assert_eq!(get(stack.compose.health_url(service)).0, 200, "{service}");
        }
    });
}

/// All queries of the dashboard; the series that alerts are about; its variable; the alert that fires.
fn all_queries() -> Vec<Query> {
    let mut queries = Dashboard::read().queries(SCRAPE_SECONDS);
    let mut add = |panel: &str, expression: &str, legend: &[&str]| {
        queries.push(Query {
            panel: panel.to_owned(),
            expression: expression.to_owned(),
            over_time: true,
            legend: legend.iter().map(|label| (*label).to_owned()).collect(),
        });
    };
    for (alert, rule) in alerts() {
        for selector in selectors(rule["expr"].as_str().unwrap()) {
            add(&alert, selector, &[]);
        }
    }
    for replica in REPLICAS {
        add(
            "$instance",
            &format!("strata_build_info{{instance=\"{replica}:9100\"}}"),
            &["version"],
        );
    }
    add(FIRING, &format!("ALERTS{{alertname=\"{FIRING}\", alertstate=\"firing\"}}"), &["instance"]);
    queries
}

/// The queries, each with its panel, that have no answer after a minute. An answer has a finite number, and the labels that its
/// legend shows.
fn ask_until_all_answer(prometheus: &Prometheus) -> Vec<String> {
    let (mut queries, begun) = (all_queries(), Instant::now());
    while !queries.is_empty() && begun.elapsed() < Duration::from_secs(60) {
        queries.retain(|query| {
            let series = prometheus.series(&query.expression, query.over_time).unwrap_or_default();
            let has_labels = series
                .iter()
                .all(|series| query.legend.iter().all(|label| series["metric"][label].is_string()));
            !(has_labels && series.iter().any(has_number))
        });
        sleep(Duration::from_millis(200));
    }
    queries.iter().map(|query| format!("{}: {}", query.panel, query.expression)).collect()
}

fn everything_is_scraped_and_evaluated(prometheus: &Prometheus) {
    let targets = prometheus.ask("targets", &[("state", "active")]).unwrap();
    let targets = targets["activeTargets"].as_array().unwrap();
    let up = targets.iter().filter(|target| target["health"] == "up");
    let up: BTreeSet<_> = up.map(|target| target["labels"]["instance"].as_str().unwrap()).collect();
    assert_eq!(up, ["127.0.0.2:9100", "127.0.0.3:9100", "haproxy:8405"].into(), "{targets:#?}");
    let rules = prometheus.ask("rules", &[]).unwrap();
    let groups = rules["groups"].as_array().unwrap();
    let rules: Vec<_> =
        groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).collect();
    assert_eq!(rules.len(), alerts().len());
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule:#}");
    }
}

/// Every metric that is named exists, and every metric of a replica is named.
fn names_are_those_that_replicas_have(prometheus: &Prometheus) {
    let existing: BTreeSet<_> = prometheus.names().into_iter().collect();
    let alerts = alerts();
    let queries = Dashboard::read().queries(SCRAPE_SECONDS);
    let expressions = alerts.iter().map(|(_, rule)| rule["expr"].as_str().unwrap());
    let expressions = expressions.chain(queries.iter().map(|query| query.expression.as_str()));
    let named: BTreeSet<_> = expressions.flat_map(selectors).map(name).collect();
    let missing: Vec<_> = named.iter().filter(|name| !existing.contains(**name)).collect();
    assert!(missing.is_empty(), "no replica has {missing:?}");
    let is_named = |family: &String| {
        let parts = ["", "_bucket", "_sum", "_count"].map(|part| format!("{family}{part}"));
        parts.iter().any(|name| named.contains(name.as_str()))
    };
    let (shown, hidden): (Vec<_>, Vec<_>) = families(REPLICAS[0]).into_iter().partition(is_named);
    assert!(shown.len() > 40, "{shown:?}");
    assert_eq!(hidden, NOT_SHOWN, "on no panel and in no alert");
}
