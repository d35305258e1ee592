//! `[http]`: the HTTP server.

use std::num::NonZeroUsize;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::error::Refusal;
use super::limits::LimitsConfig;
use super::values::{GIB, HOUR_MS, KIB, count, millis, networks};

/// As written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub body_bytes: i64,
    pub memory_bytes: i64,
    pub timeout_ms: i64,
    pub max_timeout_ms: i64,
    pub header_timeout_ms: i64,
    pub grace_ms: i64,
    pub trusted_proxies: Vec<String>,
    pub compress_answers: bool,
}

/// HTTP server. See `[http]` in `config/strata.toml`.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Maximum size of a request body, in bytes, and of its texts with their prompts.
    pub body_bytes: NonZeroUsize,
    /// Bytes that bodies, parsed inputs, tokens and answers may hold together.
    pub memory_bytes: NonZeroUsize,
    /// Time limit of a request that sets none.
    pub timeout: Duration,
    /// Maximum time limit that a request may set; at least `timeout`.
    pub max_timeout: Duration,
    /// Time limit for receiving the headers, and again for receiving the body.
    pub header_timeout: Duration,
    /// Time that open requests have to finish when the server stops.
    pub grace: Duration,
    /// Proxies whose forwarding headers say who the client is.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether answers are compressed for clients that accept it.
    pub compress_answers: bool,
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
        Ok(Self {
            body_bytes,
            memory_bytes: count("http.memory_bytes", raw.memory_bytes, KIB, 1024 * GIB)?,
            timeout,
            max_timeout,
            header_timeout: millis("http.header_timeout_ms", raw.header_timeout_ms, 1, 600_000)?,
            grace: millis("http.grace_ms", raw.grace_ms, 1, 600_000)?,
            trusted_proxies: networks("http.trusted_proxies", &raw.trusted_proxies)?,
            compress_answers: raw.compress_answers,
        })
    }
}

impl HttpConfig {
    /// Checks that the largest request fits into an idle server: its body beside what is parsed from
    /// it, and its answer beside the numbers that are written into it.
    pub(super) fn check_memory(&self, limits: &LimitsConfig) -> Result<(), Refusal> {
        let largest = self.body_bytes.get().saturating_add(limits.answer_bytes.get());
        let needed = largest.saturating_mul(2);
        if self.memory_bytes.get() >= needed {
            return Ok(());
        }
        let advice = format!(
            "must be no less than twice http.body_bytes and limits.answer_bytes together, {needed}"
        );
        let written = i64::try_from(self.memory_bytes.get()).unwrap_or(i64::MAX);
        Err(Refusal::new("http.memory_bytes", written, advice))
    }
}
