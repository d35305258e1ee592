//! The limits of a connection, and what it means to be beyond one.

use std::time::Duration;

use axum::http::HeaderValue;

use crate::config::HttpConfig;

/// The largest head that hyper reads. The limits of `middleware` lie below, so that a request beyond
/// them gets an answer with an id and a body.
pub const HEAD_BYTES: usize = 64 * 1024;

/// The most bytes that hyper reads or writes at once.
pub const BUFFER_BYTES: usize = 128 * 1024;

/// A connection's limits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first byte of a head, or from accepting the connection, to the head's end.
    pub head: Duration,
    /// Between requests, as it is announced.
    pub idle: Duration,
    /// In which the client has to read [`write_bytes`](Self::write_bytes) of an answer.
    pub write_window: Duration,
    /// See [`write_window`](Self::write_window).
    pub write_bytes: u64,
    /// How long what still arrives is discarded before the connection is closed.
    pub discard: Duration,
    /// How much is discarded.
    pub discard_bytes: u64,
}

impl Limits {
    /// The value of the header `Keep-Alive`, if it can be said in seconds.
    pub fn keep_alive(&self) -> Option<HeaderValue> {
        let seconds = self.idle.as_secs();
        (seconds > 0).then(|| HeaderValue::from_str(&format!("timeout={seconds}")).ok())?
    }
}

impl From<&HttpConfig> for Limits {
    fn from(config: &HttpConfig) -> Self {
        Self {
            head: config.header_timeout,
            idle: config.idle_timeout,
            write_window: config.progress_window,
            write_bytes: config.bytes_in_window(config.answer_bytes_per_second),
            discard: config.discard_time,
            discard_bytes: config.discard_bytes,
        }
    }
}

/// Why a connection was ended by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// No further request came.
    Idle,
    /// The head of a request didn't arrive in time.
    Head,
    /// The client reads its answer too slowly.
    UnreadAnswer,
    /// The client went on sending what nobody reads.
    Discard,
}

impl Expiry {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Idle, Self::Head, Self::UnreadAnswer, Self::Discard];

    /// For the log and the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Head => "head_timeout",
            Self::UnreadAnswer => "unread_answer",
            Self::Discard => "discard",
        }
    }
}
