//! `[http]`: the HTTP server.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;

use super::error::Refusal;
use super::values::{GIB, HOUR_MS, KIB, count, millis};

/// As written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub body_bytes: i64,
    pub inflight_bytes: i64,
    pub timeout_ms: i64,
    pub max_timeout_ms: i64,
    pub header_timeout_ms: i64,
    pub grace_ms: i64,
}

/// HTTP server. See `[http]` in `config/strata.toml`.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Maximum size of a request body, in bytes.
    pub body_bytes: NonZeroUsize,
    /// Maximum size of all request bodies in flight, in bytes; at least `body_bytes`.
    pub inflight_bytes: NonZeroUsize,
    /// Time limit of a request that sets none.
    pub timeout: Duration,
    /// Maximum time limit that a request may set; at least `timeout`.
    pub max_timeout: Duration,
    /// Time limit for receiving the headers, and again for receiving the body.
    pub header_timeout: Duration,
    /// Time that open requests have to finish when the server stops.
    pub grace: Duration,
}

impl TryFrom<RawHttp> for HttpConfig {
    type Error = Refusal;

    fn try_from(raw: RawHttp) -> Result<Self, Refusal> {
        let timeout = millis("http.timeout_ms", raw.timeout_ms, 1, HOUR_MS)?;
        let max_timeout = millis("http.max_timeout_ms", raw.max_timeout_ms, 1, HOUR_MS)?;
        if max_timeout < timeout {
            let advice = format!("must be no less than http.timeout_ms, {}", raw.timeout_ms);
            return Err(Refusal::new("http.max_timeout_ms", raw.max_timeout_ms, advice));
        }
        let body_bytes = count("http.body_bytes", raw.body_bytes, KIB, GIB)?;
        let inflight_bytes = count("http.inflight_bytes", raw.inflight_bytes, KIB, 64 * GIB)?;
        if inflight_bytes < body_bytes {
            let advice = format!("must be no less than http.body_bytes, {body_bytes}");
            return Err(Refusal::new("http.inflight_bytes", raw.inflight_bytes, advice));
        }
        Ok(Self {
            body_bytes,
            inflight_bytes,
            timeout,
            max_timeout,
            header_timeout: millis("http.header_timeout_ms", raw.header_timeout_ms, 1, 600_000)?,
            grace: millis("http.grace_ms", raw.grace_ms, 1, 600_000)?,
        })
    }
}
