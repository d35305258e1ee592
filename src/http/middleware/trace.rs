//! The spans of a request, made of what was measured.
//!
//! Names of attributes are those of OpenTelemetry's semantic conventions for HTTP servers where there
//! is one. The path is given only if it is a route without variable parts, and never the query.

use std::borrow::Cow;
use std::time::Instant;

use axum::http::{Method, StatusCode};

use crate::http::metrics::method_label;
use crate::http::timings::StageTimings;
use crate::telemetry::traces::{AttributeValue, SpanRecord};

/// A request that has ended, answered or not.
pub struct Ended<'r> {
    /// The `x-request-id`.
    pub id: &'r str,
    pub method: &'r Method,
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
    /// The span of the request, which ends now, and those of its stages.
    pub fn spans(&self) -> (SpanRecord, Vec<SpanRecord>) {
        let ended = Instant::now();
        let request = SpanRecord {
            name: self.name(),
            began: self.started,
            ended,
            attributes: self.attributes(),
            failed: self.status.is_some_and(|status| status.is_server_error()),
        };
        (request, self.stages(ended))
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
            ("url.scheme", "http".into()),
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
            attributes.push(("error.type", error.into()));
        }
        if self.timings.inputs > 0 {
            attributes.push(("strata.inputs", self.timings.inputs.into()));
            attributes.push(("strata.tokens", self.timings.tokens.into()));
        }
        attributes
    }

    /// One span per stage. A request's sequences may be spread over several passes; `queue` is then all
    /// its waiting, and `forward` all its passes.
    fn stages(&self, ended: Instant) -> Vec<SpanRecord> {
        let timings = self.timings;
        let Some(began) = timings.began else { return Vec::new() };
        let mut at = self.started;
        let mut stage = |name: &'static str, until: Instant| {
            let record = SpanRecord {
                name: name.into(),
                began: at,
                ended: until.clamp(at, ended),
                attributes: Vec::new(),
                failed: false,
            };
            at = record.ended;
            record
        };
        let mut stages = vec![stage("read", began), stage("tokenize", began + timings.tokenize)];
        if timings.passes > 0 {
            let queued = began + timings.tokenize + timings.queue;
            stages.push(stage("queue", queued));
            let mut forward = stage("forward", queued + timings.forward);
            forward.attributes.push(("strata.passes", (timings.passes as usize).into()));
            stages.push(forward);
        }
        stages.push(stage("write", ended));
        stages
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn ended<'r>(
        route: Option<&'r str>,
        method: &'r Method,
        status: StatusCode,
        timings: &'r StageTimings,
    ) -> Ended<'r> {
        let started = Instant::now() - 100 * MS;
        Ended { id: "r-1", method, route, status: Some(status), error: None, timings, started }
    }

    fn names(stages: &[SpanRecord]) -> Vec<&str> {
        stages.iter().map(|stage| stage.name.as_ref()).collect()
    }

    #[test]
    fn stages_follow_each_other_within_the_request() {
        let mut timings = StageTimings {
            began: None,
            tokenize: 10 * MS,
            queue: 20 * MS,
            forward: 30 * MS,
            passes: 2,
            inputs: 3,
            tokens: 12,
        };
        let started = Instant::now() - 100 * MS;
        timings.began = Some(started + 5 * MS);
        let ended = ended(Some("/embed"), &Method::POST, StatusCode::OK, &timings);
        let (request, stages) = Ended { started, ..ended }.spans();
        assert_eq!((request.name.as_ref(), request.failed), ("POST /embed", false));
        assert_eq!(names(&stages), ["read", "tokenize", "queue", "forward", "write"]);
        let durations: Vec<_> = stages[..4].iter().map(|stage| stage.ended - stage.began).collect();
        assert_eq!(durations, [5 * MS, 10 * MS, 20 * MS, 30 * MS]);
        assert!(stages.windows(2).all(|pair| pair[0].ended == pair[1].began));
        assert_eq!((stages[0].began, stages[4].ended), (request.began, request.ended));
        assert_eq!(stages[3].attributes, [("strata.passes", AttributeValue::Number(2))]);
    }

    #[test]
    fn what_was_not_computed_has_no_stage() {
        let timings = StageTimings::without_passes(Instant::now(), 1, 0);
        let (_, stages) =
            ended(Some("/tei/tokenize"), &Method::POST, StatusCode::OK, &timings).spans();
        assert_eq!(names(&stages), ["read", "tokenize", "write"]);
        let timings = StageTimings::default();
        let not_found = ended(None, &Method::GET, StatusCode::NOT_FOUND, &timings);
        let (request, stages) = Ended { error: Some("not_found"), ..not_found }.spans();
        assert_eq!((request.name.as_ref(), request.failed, stages.len()), ("GET", false, 0));
        assert!(request.attributes.contains(&("error.type", "not_found".into())));
    }

    #[test]
    fn nothing_that_a_client_invents_becomes_a_name_or_a_path() {
        let method = Method::from_bytes(b"XYLOPHONE").unwrap();
        let (status, timings) = (StatusCode::INTERNAL_SERVER_ERROR, StageTimings::default());
        let (request, _) = ended(Some("/docs/{*rest}"), &method, status, &timings).spans();
        assert_eq!((request.name.as_ref(), request.failed), ("HTTP /docs/{*rest}", true));
        assert!(request.attributes.contains(&("http.request.method", "_OTHER".into())));
        assert!(request.attributes.iter().all(|(key, _)| *key != "url.path"));
    }
}
