//! The time that a request spends in each stage.

use std::time::Duration;

/// The time of each stage of a request, for the header `Server-Timing`, the log and the metrics.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageTimings {
    /// Tokenisation.
    pub tokenize: Duration,
    /// Waiting in the queue.
    pub queue: Duration,
    /// In forward passes.
    pub forward: Duration,
    /// How many passes the request's sequences were spread over.
    pub passes: u32,
    /// Tokens computed, special tokens included.
    pub tokens: usize,
}
