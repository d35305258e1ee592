//! Prometheus, as compose runs it, and its answers.

use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::compose::Compose;
use super::{MISSING, Process};

const PROMETHEUS: &str = "/usr/bin/prometheus";
const ADDRESS: &str = "http://127.0.0.1:9090";

pub struct Prometheus {
    _process: Process,
    _data: TempDir,
}

impl Prometheus {
    /// Starts it with the flags and files of compose; only its data are in a folder of the test.
    pub fn start(compose: &Compose) -> Self {
        let data = tempfile::tempdir().unwrap();
        let config = "--config.file=";
        let flag = |flag: &str| match flag.strip_prefix(config) {
            Some(path) => format!("{config}{}", compose.mounted("prometheus", path).display()),
            None => flag.replace("=/prometheus", &format!("={}", data.path().display())),
        };
        let flags = compose.list("prometheus", "command").into_iter().map(flag);
        let mut command = Command::new(PROMETHEUS);
        let quiet = command.args(flags).current_dir(data.path()).stderr(Stdio::null());
        Self { _process: Process::start(quiet), _data: data }
    }

    /// What the API answers under `/api/v1`, or its error.
    pub fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build().into();
        let query =
            agent.get(format!("{ADDRESS}/api/v1/{path}")).query_pairs(parameters.iter().copied());
        let mut answer = query.call().map_err(|error| format!("{error}; {MISSING}"))?;
        let body = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
        let body: Value =
            serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?;
        match body["status"].as_str() {
            Some("success") => Ok(body["data"].clone()),
            _ => Err(body.to_string()),
        }
    }

    /// The series that an expression gives now, or over the last minutes in steps of a scrape.
    pub fn series(&self, expression: &str, over_time: bool) -> Result<Vec<Value>, String> {
        let now = std::time::UNIX_EPOCH.elapsed().map_err(|error| error.to_string())?.as_secs();
        let (end, start) = (now.to_string(), (now - 300).to_string());
        let data = if over_time {
            let times = [("query", expression), ("start", &start), ("end", &end), ("step", "5")];
            self.ask("query_range", &times)?
        } else {
            self.ask("query", &[("query", expression)])?
        };
        Ok(data["result"].as_array().cloned().unwrap_or_default())
    }

    /// The names of all metrics so far.
    pub fn names(&self) -> Vec<String> {
        let names = self.ask("label/__name__/values", &[]).unwrap();
        serde_json::from_value(names).unwrap()
    }
}

/// Whether a series has a finite value.
pub fn has_number(series: &Value) -> bool {
    let points = series["values"].as_array().into_iter().flatten().chain([&series["value"]]);
    let number = |point: &Value| point[1].as_str().and_then(|text| text.parse::<f64>().ok());
    points.filter_map(number).any(f64::is_finite)
}
