//! Grafana's dashboard, read as Grafana does.

use std::fs;

use serde_json::Value;

use crate::support::root;

/// The dashboard's JSON.
pub struct Dashboard(pub Value);

/// A query of a panel.
pub struct Query {
    /// The title of its panel.
    pub panel: String,
    /// With variables replaced.
    pub expression: String,
    /// Whether the panel shows it over time, and not only now.
    pub over_time: bool,
    /// The labels that its legend shows.
    pub legend: Vec<String>,
}

impl Dashboard {
    pub fn read() -> Self {
        let text =
            fs::read_to_string(root().join("deploy/grafana/dashboards/strata.json")).unwrap();
        Self(serde_json::from_str(&text).unwrap())
    }

    pub fn panels(&self) -> impl Iterator<Item = &Value> {
        self.0["panels"].as_array().unwrap().iter()
    }

    pub fn variables(&self) -> impl Iterator<Item = &Value> {
        self.0["templating"]["list"].as_array().unwrap().iter()
    }

    /// Every query of every panel, with "All" chosen of each variable with choices, and scrapes every
    /// `scrape_seconds`.
    pub fn queries(&self, scrape_seconds: u32) -> Vec<Query> {
        let mut queries = Vec::new();
        for panel in self.panels() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let legend = target["legendFormat"].as_str().unwrap_or_default();
                let labels =
                    legend.split("{{").skip(1).map(|part| part.split("}}").next().unwrap());
                queries.push(Query {
                    panel: panel["title"].as_str().unwrap().to_owned(),
                    expression: self.replace(target["expr"].as_str().unwrap(), scrape_seconds),
                    over_time: target["instant"] != true,
                    legend: labels.map(str::to_owned).collect(),
                });
            }
        }
        queries
    }

    /// As Grafana replaces variables, where no other interval is longer than four scrapes.
    #[track_caller]
    fn replace(&self, expression: &str, scrape_seconds: u32) -> String {
        let interval = format!("{}s", 4 * scrape_seconds);
        let mut replaced = expression.replace("$__rate_interval", &interval);
        for variable in self.variables() {
            let value = if variable["includeAll"] == true { "allValue" } else { "query" };
            let name = format!("${}", variable["name"].as_str().unwrap());
            replaced = replaced.replace(&name, variable[value].as_str().unwrap());
        }
        assert!(!replaced.contains('$'), "a variable that isn't known: {replaced}");
        replaced
    }
}
