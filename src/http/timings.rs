//! The time that a request spends in each stage.

use std::time::{Duration, Instant};

/// The time of each stage of a request, for the header `Server-Timing`, the log, the metrics and the trace.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageTimings {
    /// When tokenisation began; `None` if it didn't.
    pub began: Option<Instant>,
    /// Tokenisation.
    pub tokenize: Duration,
    /// Waiting in the queue.
    pub queue: Duration,
    /// In forward passes.
    pub forward: Duration,
    /// How many passes the request's sequences were spread over.
    pub passes: u32,
    /// Inputs of the request.
    pub inputs: usize,
    /// Tokens, special tokens included.
    pub tokens: usize,
}

impl StageTimings {
    /// Those of a request that only tokenises, or reads token ids: since `began`, until now.
    pub fn without_passes(began: Instant, inputs: usize, tokens: usize) -> Self {
        Self { began: Some(began), tokenize: began.elapsed(), inputs, tokens, ..Self::default() }
    }
}
