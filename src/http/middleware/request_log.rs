//! What is kept of each request: one line in the log, and its metrics.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use tracing::Level;

use super::observer::Observer;
use crate::http::error::ApiError;
use crate::http::timings::StageTimings;
use crate::keys::Key;

/// Routes that orchestrators and Prometheus ask every few seconds: logged at DEBUG.
const PROBES: [&str; 6] =
    ["/health", "/livez", "/readyz", "/metrics", "/tei/health", "/tei/metrics"];

/// A request, from its start to its line in the log. If it is dropped before [`finish`](Self::finish),
/// its client has left, and the line says so.
pub struct RequestLog {
    /// The `x-request-id`.
    id: String,
    method: Method,
    /// The pattern of the route, not the address, which may contain anything.
    route: Option<String>,
    started: Instant,
    finished: bool,
    /// The name of its key.
    key: Option<Arc<str>>,
    /// The address of a client that has no key.
    client: Option<IpAddr>,
    observer: Observer,
}

impl RequestLog {
    /// A request that starts now.
    pub fn new(id: String, method: Method, route: Option<String>, observer: Observer) -> Self {
        observer.metrics.begun();
        let (started, finished) = (Instant::now(), false);
        Self { id, method, route, started, finished, key: None, client: None, observer }
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

    /// Writes the line of a request that has a response, and counts it. Returns the time that it took.
    pub fn finish(
        mut self,
        status: StatusCode,
        error: Option<&ApiError>,
        timings: &StageTimings,
    ) -> Duration {
        self.finished = true;
        let total = self.started.elapsed();
        let code = error.map(|error| error.code().as_str());
        let Observer { metrics, key_metrics, .. } = &self.observer;
        metrics.answered(self.route(), &self.method, status, code, timings, total);
        if let Some(key) = &self.key {
            key_metrics.answered(key, status, code, timings.tokens);
        }
        let cause = error.and_then(ApiError::cause);
        macro_rules! log {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    request_id = self.id,
                    key = self.key.as_deref(),
                    client = self.client.map(tracing::field::display),
                    method = %self.method,
                    route = self.route(),
                    status = status.as_u16(),
                    code,
                    cause,
                    tokens = timings.tokens,
                    tokenize_ms = millis(timings.tokenize),
                    queue_ms = millis(timings.queue),
                    forward_ms = millis(timings.forward),
                    total_ms = millis(total),
                    "request"
                )
            };
        }
        // A client's mistake, a full queue or a missed deadline is no error of the server.
        if cause.is_some() {
            log!(Level::ERROR)
        } else if PROBES.contains(&self.route()) && is_usual(status) {
            log!(Level::DEBUG)
        } else {
            log!(Level::INFO)
        }
        total
    }

    fn route(&self) -> &str {
        self.route.as_deref().unwrap_or("none")
    }
}

/// Whether a probe is answered as orchestrators expect it: that the server is ready or that it isn't.
fn is_usual(status: StatusCode) -> bool {
    !status.is_client_error() && status != StatusCode::INTERNAL_SERVER_ERROR
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        if !self.finished {
            self.observer.metrics.cancelled(self.route(), &self.method);
            tracing::info!(
                request_id = self.id,
                key = self.key.as_deref(),
                method = %self.method,
                route = self.route(),
                total_ms = millis(self.started.elapsed()),
                "the client left before its response"
            );
        }
    }
}

/// Milliseconds to the microsecond; anything smaller is noise.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
