//! Counts and times requests, for `GET /metrics`.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::error_code::ErrorCode;
use super::timings::{RequestStage, StageTimings};

/// Upper bounds of the histograms' buckets, in seconds: from a cached embedding's time to the longest
/// deadline.
const BUCKETS: [f64; 15] =
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0];

/// The method of requests that compute.
const POST: &str = "POST";

/// The metrics of all requests.
#[derive(Debug)]
pub struct HttpMetrics {
    answered: Family<AnswerLabels, Counter>,
    cancelled: Family<RequestLabels, Counter>,
    in_progress: Gauge,
    durations: Family<RouteLabel, Histogram, fn() -> Histogram>,
    stages: Family<StageLabel, Histogram, fn() -> Histogram>,
    tokens: Counter,
}

/// The labels of an answer. `route` is a pattern such as `/embed`, or `none`, never a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    route: String,
    method: &'static str,
    status: u16,
    /// The stable code of an error, or `none`.
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabel {
    stage: &'static str,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        let histogram = || Histogram::new(BUCKETS);
        Self {
            answered: Family::default(),
            cancelled: Family::default(),
            in_progress: Gauge::default(),
            durations: Family::new_with_constructor(histogram),
            stages: Family::new_with_constructor(histogram),
            tokens: Counter::default(),
        }
    }
}

impl HttpMetrics {
    /// Adds the metrics to a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "strata_http_requests",
            "Requests that were answered, by the pattern of their route and the code of their error",
            self.answered.clone(),
        );
        registry.register(
            "strata_http_requests_cancelled",
            "Requests whose client left before their answer",
            self.cancelled.clone(),
        );
        registry.register(
            "strata_http_requests_in_progress",
            "Requests whose headers have arrived and that are not answered yet",
            self.in_progress.clone(),
        );
        registry.register_with_unit(
            "strata_http_request_duration",
            "Time from a request's headers to its answer",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register_with_unit(
            "strata_http_stage_duration",
            "Time of answered requests in each stage: tokenize, queue, forward",
            Unit::Seconds,
            self.stages.clone(),
        );
        registry.register(
            "strata_http_tokens",
            "Tokens computed for answered requests, special tokens included",
            self.tokens.clone(),
        );
    }

    /// A request's headers have arrived.
    pub fn begun(&self) {
        self.in_progress.inc();
    }

    /// A request that had begun has an answer; `code` is the stable code of an error.
    pub fn answered(
        &self,
        route: &str,
        method: &Method,
        status: StatusCode,
        code: Option<&'static str>,
        timings: &StageTimings,
        total: Duration,
    ) {
        self.in_progress.dec();
        self.count(route, method_label(method), status, code);
        let label = RouteLabel { route: route.to_owned() };
        self.durations.get_or_create(&label).observe(total.as_secs_f64());
        // What isn't computed has no such stages, and a failed request may have stages that were not finished.
        if code.is_some() || timings.passes == 0 {
            return;
        }
        self.tokens.inc_by(timings.tokens as u64);
        for stage in [RequestStage::Tokenize, RequestStage::Queue, RequestStage::Forward] {
            let label = StageLabel { stage: stage.name() };
            self.stages.get_or_create(&label).observe(timings.time(stage).as_secs_f64());
        }
    }

    /// Counts an answer to what isn't a request that can be read.
    pub fn malformed(&self, status: StatusCode, code: &'static str) {
        self.count("none", "other", status, Some(code));
    }

    fn count(
        &self,
        route: &str,
        method: &'static str,
        status: StatusCode,
        code: Option<&'static str>,
    ) {
        let labels = AnswerLabels {
            route: route.to_owned(),
            method,
            status: status.as_u16(),
            code: code.unwrap_or("none"),
        };
        if let Some(counter) = self.answered.get(&labels) {
            counter.inc();
            return;
        }
        if method == POST {
            // A counter that is absent until the first fault of a route hides that fault from `rate`.
            let (status, code) = (500, ErrorCode::Internal.as_str());
            drop(self.answered.get_or_create(&AnswerLabels { status, code, ..labels.clone() }));
        }
        self.answered.get_or_create(&labels).inc();
    }

    /// The client of a request that had begun left before its answer.
    pub fn cancelled(&self, route: &str, method: &Method) {
        self.in_progress.dec();
        let labels = RequestLabels { route: route.to_owned(), method: method_label(method) };
        self.cancelled.get_or_create(&labels).inc();
    }
}

/// The name of a standard method, or `other`, since a client may send any word.
pub fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => POST,
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "other",
    }
}
