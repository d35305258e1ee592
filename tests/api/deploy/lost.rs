//! Requests that clients lost at HAProxy, counted as the alert `StrataConnectionsBroken` does.

use super::alerts::alerts;
use super::connection::get;

/// The metrics of the alert, each with the labels behind `proxy="strata"` that are added up.
const METRICS: [(&str, &str); 8] = [
    ("haproxy_backend_sessions_total", ""),
    ("haproxy_backend_http_requests_total", ""),
    ("haproxy_backend_current_sessions", ""),
    ("haproxy_backend_server_aborts_total", ""),
    ("haproxy_backend_http_responses_total", ",code=\"5xx\""),
    ("haproxy_server_http_responses_total", ",code=\"5xx\""),
    ("haproxy_backend_response_errors_total", ""),
    ("haproxy_backend_connection_errors_total", ""),
];

/// Counters since HAProxy started.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lost {
    /// Requests whose connection was closed instead of an answer.
    pub unanswered: f64,
    /// Answers that have begun and not ended.
    pub cut_off: f64,
    /// Answers 5xx of HAProxy's own; without an error of a replica the alert doesn't count them.
    pub own_answers: f64,
    /// Connections that replicas closed or refused.
    pub errors: f64,
}

impl Lost {
    pub fn read() -> Self {
        let scrape = get("http://127.0.0.1:8405/metrics").1;
        let values = METRICS.map(|(metric, labels)| {
            let samples = scrape.lines().filter_map(|line| {
                let (series, value) = line.rsplit_once(' ')?;
                let found = series.strip_prefix(metric)?.strip_prefix("{proxy=\"strata\"")?;
                found.ends_with(&format!("{labels}}}")).then(|| value.parse::<f64>().unwrap())
            });
            samples.sum::<f64>()
        });
        let [sessions, requests, current, cut_off, answers, of_replicas, responses, connections] =
            values;
        Self {
            unanswered: sessions - requests - current,
            cut_off,
            own_answers: answers - of_replicas,
            errors: responses + connections,
        }
    }

    /// What was counted since `before`.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            unanswered: self.unanswered - before.unanswered,
            cut_off: self.cut_off - before.cut_off,
            own_answers: self.own_answers - before.own_answers,
            errors: self.errors - before.errors,
        }
    }

    /// Whether the alert counts any of it.
    pub fn any(&self) -> bool {
        self.unanswered > 0.0 || self.cut_off > 0.0 || (self.own_answers > 0.0 && self.errors > 0.0)
    }
}

#[test]
fn the_alert_names_the_metrics_by_which_lost_requests_are_counted_here() {
    let alerts = alerts();
    let (_, rule) = alerts.iter().find(|(name, _)| name == "StrataConnectionsBroken").unwrap();
    for (metric, labels) in METRICS {
        let selector = format!("{metric}{{proxy=\"strata\"{}}}", labels.replace(',', ", "));
        assert!(rule["expr"].as_str().unwrap().contains(&selector), "{selector}");
    }
}
