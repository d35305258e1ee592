//! The spans of a request, made of what was measured.
//!
//! Names of attributes are those of OpenTelemetry's semantic conventions for HTTP servers where there
//! is one; ours begin with `strata.`, such as `strata.code`, the code of a client's mistake. The path is
//! given only if it is a route without variable parts, and never the query.

use std::borrow::Cow;
use std::time::Instant;

use axum::http::{Method, StatusCode};

use crate::http::metrics::method_label;
use crate::http::timings::{RequestStage, StageTimings};
use crate::telemetry::traces::{AttributeValue, SpanRecord};

/// A request that has ended, answered or not.
pub struct Ended<'r> {
    /// The `x-request-id`.
    pub id: &'r str,
    pub method: &'r Method,
    /// Whether the client asked by http or https.
    pub scheme: &'static str,
    /// The pattern of the route.
    pub route: Option<&'r str>,
    /// `None` if its client left.
    pub status: Option<StatusCode>,
    /// The stable code of an error, or `cancelled`.
    pub error: Option<&'static str>,
    pub timings: &'r StageTimings,
    pub started: Instant,
}

impl Ended<'_> {
    /// The span of the request, and those of its stages.
    pub fn spans(&self) -> (SpanRecord, Vec<SpanRecord>) {
        let request = SpanRecord {
            name: self.name(),
            began: self.started,
            ended: self.timings.ended,
            attributes: self.attributes(),
            failed: self.status.is_some_and(|status| status.is_server_error()),
        };
        (request, self.stages())
    }

    fn name(&self) -> Cow<'static, str> {
        let method = match method_label(self.method) {
            "other" => "HTTP",
            method => method,
        };
        self.route.map_or(method.into(), |route| format!("{method} {route}").into())
    }

    fn attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        let method = match method_label(self.method) {
            "other" => "_OTHER",
            method => method,
        };
        let mut attributes: Vec<(&'static str, AttributeValue)> = vec![
            ("http.request.method", method.into()),
            ("url.scheme", self.scheme.into()),
            ("strata.request_id", self.id.to_owned().into()),
        ];
        if let Some(route) = self.route {
            attributes.push(("http.route", route.to_owned().into()));
            if !route.contains('{') {
                attributes.push(("url.path", route.to_owned().into()));
            }
        }
        if let Some(status) = self.status {
            let status = usize::from(status.as_u16());
            attributes.push(("http.response.status_code", status.into()));
        }
        if let Some(error) = self.error {
            // Backends count whatever has an error type as an error of the server.
            let is_clients = self.status.is_some_and(|status| status.is_client_error());
            let key = if is_clients { "strata.code" } else { "error.type" };
            attributes.push((key, error.into()));
        }
        if self.timings.inputs > 0 {
            attributes.push(("strata.inputs", self.timings.inputs.into()));
            attributes.push(("strata.tokens", self.timings.tokens.into()));
        }
        attributes
    }

    /// One span per stage that was reached, one after the other until the end of the request; none if its
    /// inputs were not read. A request's sequences may be spread over several passes; `queue` is then all
    /// its waiting, and `forward` all its passes.
    fn stages(&self) -> Vec<SpanRecord> {
        let span = |name: &'static str, began, ended| SpanRecord {
            name: name.into(),
            began,
            ended,
            attributes: Vec::new(),
            failed: false,
        };
        let mut spans: Vec<_> = self
            .timings
            .stages()
            .map(|(stage, began, ended)| {
                let mut span = span(stage.name(), began, ended);
                if stage == RequestStage::Forward && self.timings.passes > 0 {
                    let passes = self.timings.passes as usize;
                    span.attributes.push(("strata.passes", passes.into()));
                }
                span
            })
            .collect();
        if let Some(first) = spans.first() {
            spans.insert(0, span("read", self.started, first.began));
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Timings of a request that took 100 ms; `began` has the milliseconds at which its stages began.
    fn timings(began: [Option<u32>; 4]) -> StageTimings {
        let ended = Instant::now();
        let began = began.map(|began| began.map(|at| ended - (100 - at) * MS));
        StageTimings { began, ended, passes: 2, inputs: 3, tokens: 12 }
    }

    fn ended<'r>(
        route: Option<&'r str>,
        method: &'r Method,
        status: StatusCode,
        timings: &'r StageTimings,
    ) -> Ended<'r> {
        let started = timings.ended - 100 * MS;
        let (id, scheme, status) = ("r-1", "http", Some(status));
        Ended { id, method, scheme, route, status, error: None, timings, started }
    }

    fn names(stages: &[SpanRecord]) -> Vec<&str> {
        stages.iter().map(|stage| stage.name.as_ref()).collect()
    }

    #[test]
    fn stages_follow_each_other_within_the_request() {
        let timings = timings([Some(5), Some(15), Some(35), Some(65)]);
        let ended = ended(Some("/embed"), &Method::POST, StatusCode::OK, &timings);
        let (request, stages) = ended.spans();
        assert_eq!((request.name.as_ref(), request.failed), ("POST /embed", false));
        assert_eq!(names(&stages), ["read", "tokenize", "queue", "forward", "respond"]);
        let durations: Vec<_> = stages.iter().map(|stage| stage.ended - stage.began).collect();
        assert_eq!(durations, [5 * MS, 10 * MS, 20 * MS, 30 * MS, 35 * MS]);
        assert!(stages.windows(2).all(|pair| pair[0].ended == pair[1].began));
        assert_eq!((stages[0].began, stages[4].ended), (request.began, request.ended));
        assert_eq!(stages[3].attributes, [("strata.passes", AttributeValue::Number(2))]);
    }

    #[test]
    fn the_stage_in_which_a_request_fails_ends_with_it_and_is_the_last() {
        let timings = timings([Some(5), Some(15), None, None]);
        let late = ended(Some("/embed"), &Method::POST, StatusCode::GATEWAY_TIMEOUT, &timings);
        let (request, stages) = late.spans();
        assert_eq!((request.failed, names(&stages)), (true, vec!["read", "tokenize", "queue"]));
        assert_eq!(stages[2].ended - stages[2].began, 85 * MS);
        assert_eq!(stages[2].ended, request.ended);
    }

    #[test]
    fn what_was_not_computed_has_no_stage() {
        let tokens = timings([Some(5), None, None, Some(15)]);
        let (_, stages) =
            ended(Some("/tei/tokenize"), &Method::POST, StatusCode::OK, &tokens).spans();
        assert_eq!(names(&stages), ["read", "tokenize", "respond"]);
        let unread = timings([None; 4]);
        let not_found = ended(None, &Method::GET, StatusCode::NOT_FOUND, &unread);
        let (request, stages) = Ended { error: Some("not_found"), ..not_found }.spans();
        assert_eq!((request.name.as_ref(), request.failed, stages.len()), ("GET", false, 0));
        assert!(request.attributes.contains(&("strata.code", "not_found".into())));
        assert!(request.attributes.iter().all(|(key, _)| *key != "error.type"));
    }

    #[test]
    fn nothing_that_a_client_invents_becomes_a_name_or_a_path() {
        let method = Method::from_bytes(b"XYLOPHONE").unwrap();
        let (status, timings) = (StatusCode::INTERNAL_SERVER_ERROR, timings([None; 4]));
        let (request, _) = ended(Some("/docs/{*rest}"), &method, status, &timings).spans();
        assert_eq!((request.name.as_ref(), request.failed), ("HTTP /docs/{*rest}", true));
        assert!(request.attributes.contains(&("http.request.method", "_OTHER".into())));
        assert!(request.attributes.iter().all(|(key, _)| *key != "url.path"));
    }
}
