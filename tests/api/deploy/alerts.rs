//! The alerts: their tests, and what a person reads about them.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use strata::http::error_code::ErrorCode;

use super::names::selectors;
use super::run;
use crate::support::root;

/// An alert's name and its rule.
pub fn alerts() -> Vec<(String, Value)> {
    let text = fs::read_to_string(root().join("deploy/prometheus/alerts.yml")).unwrap();
    let rules: Value = yaml_serde::from_str(&text).unwrap();
    let groups = rules["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    rules.map(|rule| (rule["alert"].as_str().unwrap().to_owned(), rule.clone())).collect()
}

fn cases() -> Vec<Value> {
    let text = fs::read_to_string(root().join("deploy/prometheus/alerts_test.yml")).unwrap();
    let file: Value = yaml_serde::from_str(&text).unwrap();
    let groups = file["tests"].as_array().unwrap().iter();
    groups.flat_map(|group| group["alert_rule_test"].as_array().unwrap().clone()).collect()
}

#[test]
fn promtool_finds_the_rules_correct_and_their_tests_pass() {
    let folder = root().join("deploy/prometheus");
    let path = |file: &str| folder.join(file).to_str().unwrap().to_owned();
    run("promtool", &["check", "config", &path("prometheus.yml")]);
    run("promtool", &["check", "rules", &path("alerts.yml")]);
    run("promtool", &["test", "rules", &path("alerts_test.yml")]);
}

#[test]
fn each_alert_is_tested_quiet_and_firing() {
    let cases = cases();
    for (name, _) in alerts() {
        let own = cases.iter().filter(|case| case["alertname"] == *name);
        let counts: Vec<_> = own.map(|case| case["exp_alerts"].as_array().unwrap().len()).collect();
        assert!(counts.contains(&0), "{name} is never quiet");
        assert!(counts.iter().any(|&count| count > 0), "{name} never fires");
    }
}

#[test]
fn each_alert_has_a_section_of_the_runbook_and_links_to_it() {
    let runbook = fs::read_to_string(root().join("deploy/RUNBOOK.md")).unwrap();
    let headings = runbook.lines().filter_map(|line| line.strip_prefix("## "));
    let headings: BTreeSet<_> = headings.collect();
    let alerts = alerts();
    for (name, rule) in &alerts {
        assert!(headings.contains(name.as_str()), "{name} is not in the runbook");
        let link = format!("deploy/RUNBOOK.md#{}", name.to_lowercase());
        assert_eq!(rule["annotations"]["runbook"], link);
        assert!(["critical", "warning"].contains(&rule["labels"]["severity"].as_str().unwrap()));
    }
    let names: BTreeSet<_> = alerts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(headings, names, "a section without an alert");
}

#[test]
fn each_code_that_an_alert_selects_is_one_of_an_error() {
    let known: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    let mut found = 0;
    for (name, rule) in alerts() {
        let selectors = selectors(rule["expr"].as_str().unwrap());
        for selector in selectors.iter().filter(|selector| selector.starts_with("strata_")) {
            for part in selector.split("code=\"").skip(1) {
                let code = part.split('"').next().unwrap();
                assert!(known.contains(code), "{name}: {code}");
                found += 1;
            }
        }
    }
    assert!(found > 2, "only {found} codes");
}
