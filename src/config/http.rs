//! `[http]`: the HTTP server.

use std::num::NonZeroUsize;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::error::Refusal;
use super::limits::LimitsConfig;
use super::values::{GIB, HOUR_MS, KIB, count, millis, networks, origins, within};

/// As written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub body_bytes: i64,
    pub memory_bytes: i64,
    pub timeout_ms: i64,
    pub max_timeout_ms: i64,
    pub header_timeout_ms: i64,
    pub idle_timeout_ms: i64,
    pub progress_window_ms: i64,
    pub body_bytes_per_second: i64,
    pub answer_bytes_per_second: i64,
    pub discard_bytes: i64,
    pub discard_ms: i64,
    pub connections: i64,
    pub stop_delay_ms: i64,
    pub grace_ms: i64,
    pub trusted_proxies: Vec<String>,
    pub compress_answers: bool,
    pub cors_origins: Vec<String>,
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
    /// Time limit for receiving the headers.
    pub header_timeout: Duration,
    /// Time after which a connection without a request is closed.
    pub idle_timeout: Duration,
    /// Time in which so many bytes of a body have to arrive, or of an answer have to be read, as the
    /// next two settings say.
    pub progress_window: Duration,
    /// Minimum rate at which a body arrives.
    pub body_bytes_per_second: u64,
    /// Minimum rate at which an answer is read.
    pub answer_bytes_per_second: u64,
    /// Maximum bytes of a refused body that are discarded before the connection is closed.
    pub discard_bytes: u64,
    /// Maximum time for discarding them.
    pub discard_time: Duration,
    /// Maximum number of open connections.
    pub connections: NonZeroUsize,
    /// Time for which the server goes on serving after SIGTERM, while it says that it isn't ready.
    pub stop_delay: Duration,
    /// Time that open requests have to finish when the server stops.
    pub grace: Duration,
    /// Proxies whose forwarding headers say who the client is.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether answers are compressed for clients that accept it.
    pub compress_answers: bool,
    /// The origins of web pages that may use the server; `*` is any.
    pub cors_origins: Vec<String>,
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
            idle_timeout: millis("http.idle_timeout_ms", raw.idle_timeout_ms, 1, HOUR_MS)?,
            progress_window: millis("http.progress_window_ms", raw.progress_window_ms, 1, 600_000)?,
            body_bytes_per_second: within(
                "http.body_bytes_per_second",
                raw.body_bytes_per_second,
                0,
                GIB,
            )?,
            answer_bytes_per_second: within(
                "http.answer_bytes_per_second",
                raw.answer_bytes_per_second,
                0,
                GIB,
            )?,
            discard_bytes: within("http.discard_bytes", raw.discard_bytes, 0, 64 * GIB)?,
            discard_time: millis("http.discard_ms", raw.discard_ms, 0, 600_000)?,
            connections: count("http.connections", raw.connections, 1, 1_000_000)?,
            stop_delay: millis("http.stop_delay_ms", raw.stop_delay_ms, 0, 600_000)?,
            grace: millis("http.grace_ms", raw.grace_ms, 1, 600_000)?,
            trusted_proxies: networks("http.trusted_proxies", &raw.trusted_proxies)?,
            compress_answers: raw.compress_answers,
            cors_origins: origins("http.cors_origins", raw.cors_origins)?,
        })
    }
}

impl HttpConfig {
    /// The bytes that `bytes_per_second` makes in `progress_window`.
    pub fn bytes_in_window(&self, bytes_per_second: u64) -> u64 {
        bytes_per_second.saturating_mul(self.progress_window.as_millis() as u64) / 1000
    }

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
