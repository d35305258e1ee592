//! The one line that the log has for each request.

use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use tracing::Level;

use crate::http::error::ApiError;
use crate::http::pipeline::StageTimings;

/// Routes that orchestrators ask every few seconds: logged at DEBUG.
const PROBES: [&str; 3] = ["/health", "/livez", "/readyz"];

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
}

impl RequestLog {
    /// A request that starts now.
    pub fn new(id: String, method: Method, route: Option<String>) -> Self {
        Self { id, method, route, started: Instant::now(), finished: false }
    }

    /// The `x-request-id`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Writes the line of a request that has a response. Returns the time that it took.
    pub fn finish(
        mut self,
        status: StatusCode,
        error: Option<&ApiError>,
        timings: &StageTimings,
    ) -> Duration {
        self.finished = true;
        let total = self.started.elapsed();
        let cause = error.and_then(ApiError::cause);
        macro_rules! log {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    request_id = self.id,
                    method = %self.method,
                    route = self.route(),
                    status = status.as_u16(),
                    code = error.map(|error| error.code().as_str()),
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
        } else if PROBES.contains(&self.route()) {
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

impl Drop for RequestLog {
    fn drop(&mut self) {
        if !self.finished {
            tracing::info!(
                request_id = self.id,
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
