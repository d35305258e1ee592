//! What is kept of each request: one line in the log, its metrics, and its trace.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use tracing::{Level, Span};

use super::observer::Observer;
use super::trace::Ended;
use crate::http::error::ApiError;
use crate::http::metrics::method_label;
use crate::http::probes::PROBES;
use crate::http::timings::{RequestStage, StageClock, StageTimings};
use crate::keys::Key;
use crate::telemetry::traces::{Parent, Trace};

/// The routes that Prometheus asks every few seconds.
const METRICS: [&str; 2] = ["/metrics", "/tei/metrics"];

/// A request, from its start to its line in the log. If it is dropped before [`finish`](Self::finish),
/// its client has left, and the line says so.
pub struct RequestLog {
    /// The `x-request-id`.
    id: String,
    /// Any word of any length; the log has only those of the standard.
    method: Method,
    /// Whether the client asked by http or https.
    scheme: &'static str,
    /// The pattern of the route, not the address, which may contain anything.
    route: Option<String>,
    started: Instant,
    finished: bool,
    /// The name of its key.
    key: Option<Arc<str>>,
    /// The address of a client that has no key.
    client: Option<IpAddr>,
    observer: Observer,
    clock: StageClock,
    trace: Trace,
}

impl RequestLog {
    /// A request that starts now.
    pub fn new(id: String, request: &Request, route: Option<String>, observer: Observer) -> Self {
        observer.metrics.begun();
        let (started, parent) = (Instant::now(), Parent::read(request.headers()));
        let trace = observer.traces.begin(parent, started, !is_probe(route.as_deref()));
        Self {
            id,
            method: request.method().clone(),
            scheme: observer.scheme(request),
            route,
            started,
            finished: false,
            key: None,
            client: None,
            observer,
            clock: StageClock::default(),
            trace,
        }
    }

    /// Says whose request it is.
    pub fn asked_by(&mut self, key: &Key) {
        self.key = Some(Arc::clone(key.name()));
    }

    /// Says who has no key, so that whoever guesses can be found.
    pub fn refused_to(&mut self, client: IpAddr) {
        self.client = Some(client);
    }

    /// The `x-request-id`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Measures the stages of the request.
    pub fn clock(&self) -> &StageClock {
        &self.clock
    }

    /// The span of the log's other lines about this request. A span of the highest level passes every
    /// filter that an event within it passes, so that each line has the ids.
    pub fn span(&self) -> Span {
        tracing::error_span!(
            "request",
            request_id = self.id,
            trace_id = self.trace.id(),
            span_id = self.trace.span_id()
        )
    }

    /// Writes the line of a request that has a response, and counts it. Returns the time that it took, in
    /// its stages and as a whole.
    pub fn finish(
        mut self,
        status: StatusCode,
        error: Option<&ApiError>,
    ) -> (StageTimings, Duration) {
        self.finished = true;
        let timings = self.clock.end();
        let total = timings.ended - self.started;
        let code = error.map(|error| error.code().as_str());
        let Observer { metrics, key_metrics, .. } = &self.observer;
        metrics.answered(self.route(), &self.method, status, code, &timings, total);
        if let Some(key) = &self.key {
            key_metrics.answered(key, status, code);
        }
        let cause = error.and_then(ApiError::cause);
        // A client's mistake, a full queue or a missed deadline is no error of the server.
        let level = if cause.is_some() {
            Level::ERROR
        } else if is_probe(self.route.as_deref()) && is_usual(status) {
            Level::DEBUG
        } else {
            Level::INFO
        };
        self.write_line(level, Some(status), code, cause.as_deref(), &timings);
        self.end_trace(Some(status), code, &timings);
        (timings, total)
    }

    /// Without a status, the client has left.
    fn write_line(
        &self,
        level: Level,
        status: Option<StatusCode>,
        code: Option<&'static str>,
        cause: Option<&str>,
        timings: &StageTimings,
    ) {
        let message = match status {
            Some(_) => "request",
            None => "the client left before its response",
        };
        let model = self.clock.model().map(|model| model.name.clone());
        macro_rules! write_line {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    request_id = self.id,
                    trace_id = self.trace.id(),
                    span_id = self.trace.span_id(),
                    key = self.key.as_deref(),
                    client = self.client.map(tracing::field::display),
                    method = method_label(&self.method),
                    route = self.route(),
                    status = status.map(|status| status.as_u16()),
                    code,
                    cause,
                    model = model.as_deref(),
                    inputs = timings.inputs,
                    tokens = timings.tokens,
                    tokenize_ms = millis(timings.time(RequestStage::Tokenize)),
                    queue_ms = millis(timings.time(RequestStage::Queue)),
                    forward_ms = millis(timings.time(RequestStage::Forward)),
                    total_ms = millis(timings.ended - self.started),
                    "{message}"
                )
            };
        }
        // The level of an event is a constant.
        match level {
            Level::ERROR => write_line!(Level::ERROR),
            Level::DEBUG => write_line!(Level::DEBUG),
            _ => write_line!(Level::INFO),
        }
    }

    fn end_trace(
        &mut self,
        status: Option<StatusCode>,
        error: Option<&'static str>,
        timings: &StageTimings,
    ) {
        let Self { id, method, scheme, started, .. } = self;
        let (route, scheme, started) = (self.route.as_deref(), *scheme, *started);
        let ended = Ended { id, method, scheme, route, status, error, timings, started };
        self.trace.finish(|| ended.spans());
    }

    fn route(&self) -> &str {
        self.route.as_deref().unwrap_or("none")
    }
}

/// Whether it is asked every few seconds: it is logged at DEBUG, and not recorded.
fn is_probe(route: Option<&str>) -> bool {
    route.is_some_and(|route| PROBES.contains(&route) || METRICS.contains(&route))
}

/// Whether a probe is answered as orchestrators expect it: that the server is ready or that it isn't.
fn is_usual(status: StatusCode) -> bool {
    !status.is_client_error() && status != StatusCode::INTERNAL_SERVER_ERROR
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        if !self.finished {
            self.observer.metrics.cancelled(self.route(), &self.method);
            let timings = self.clock.end();
            self.write_line(Level::INFO, None, None, None, &timings);
            self.end_trace(None, Some("cancelled"), &timings);
        }
    }
}

/// Milliseconds to the microsecond; anything smaller is noise.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
