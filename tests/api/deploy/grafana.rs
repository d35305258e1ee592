//! Grafana's files: whether they fit each other and what compose mounts. Grafana itself isn't in Debian, so
//! it isn't run.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::compose::Compose;
use super::dashboard::Dashboard;
use crate::support::root;

/// The ids of units in use, from Grafana's list of units.
const UNITS: [&str; 6] = ["bytes", "none", "percentunit", "reqps", "s", "short"];

/// The kinds of panels in use, all of which come with Grafana.
const KINDS: [&str; 4] = ["row", "stat", "table", "timeseries"];

fn provisioned(compose: &Compose, path: &str) -> Value {
    let file = compose.mounted("grafana", &format!("/etc/grafana/provisioning/{path}"));
    yaml_serde::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn the_data_source_is_the_prometheus_of_compose() {
    let compose = Compose::read();
    let file = provisioned(&compose, "datasources/prometheus.yml");
    let source = &file["datasources"][0];
    assert_eq!((&source["type"], &source["uid"]), (&json!("prometheus"), &json!("prometheus")));
    let address = source["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    let (service, port) = address.split_once(':').unwrap();
    assert!(compose.services().any(|(name, _)| name == service), "{service} is no service");
    let published = compose.list(service, "ports");
    assert!(published.iter().all(|rule| rule.ends_with(&format!(":{port}"))), "{published:?}");
    let config = fs::read_to_string(root().join("deploy/prometheus/prometheus.yml")).unwrap();
    let config: Value = yaml_serde::from_str(&config).unwrap();
    assert_eq!(source["jsonData"]["timeInterval"], config["global"]["scrape_interval"]);
}

#[test]
fn the_dashboard_is_where_grafana_looks_for_it_and_is_the_first_page() {
    let compose = Compose::read();
    let file = provisioned(&compose, "dashboards/strata.yml");
    let folder = file["providers"][0]["options"]["path"].as_str().unwrap();
    let own = root().join("deploy/grafana/dashboards").canonicalize().unwrap();
    assert_eq!(compose.mounted("grafana", folder), own);
    let variables = compose.environment("grafana");
    let home = "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH";
    let (_, first) = variables.iter().find(|(name, _)| *name == home).unwrap();
    assert_eq!(*first, format!("{folder}/strata.json"));
    assert!(compose.mounted("grafana", first).is_file());
}

#[test]
fn panels_have_a_place_a_description_a_source_and_a_unit() {
    let dashboard = Dashboard::read();
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard.panels() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id is taken");
        let place = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        let (x, y) = (place("x"), place("y"));
        assert!(x + place("w") <= 24, "{title} is too wide");
        for cell in (x..x + place("w")).flat_map(|x| (y..y + place("h")).map(move |y| (x, y))) {
            assert!(places.insert(cell), "{title} is above another panel");
        }
        let kind = panel["type"].as_str().unwrap();
        assert!(KINDS.contains(&kind), "{title}: {kind}");
        if kind == "row" {
            continue;
        }
        assert!(panel["description"].as_str().unwrap().ends_with('.'), "{title}: description");
        assert_eq!(
            panel["datasource"],
            json!({"type": "prometheus", "uid": "prometheus"}),
            "{title}"
        );
        let unit = panel["fieldConfig"]["defaults"]["unit"].as_str().unwrap();
        assert!(UNITS.contains(&unit), "{title}: {unit}");
        let targets = panel["targets"].as_array().unwrap();
        let names: BTreeSet<_> =
            targets.iter().map(|target| target["refId"].as_str().unwrap()).collect();
        assert!(!names.is_empty() && names.len() == targets.len(), "{title}: {names:?}");
    }
    assert!(ids.len() > 40, "only {} panels", ids.len());
    assert!(
        UNITS.iter().all(|unit| dashboard.0.to_string().contains(&format!("\"unit\":\"{unit}\"")))
    );
}
