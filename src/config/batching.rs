//! `[batching]`: the queue and the forward passes.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;

use super::error::Refusal;
use super::values::{GIB, HOUR_MS, MIB, count, millis, within};

/// How many times longer the default time limit is than the queue at most. A request waits for up to
/// twice what stands ahead of it, and one that is refused should have time for another attempt.
const TIMEOUT_PER_QUEUE: u32 = 6;

/// As written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBatching {
    pub budget_tokens: i64,
    pub queue_tokens: i64,
    pub queue_time_ms: i64,
    pub look_ahead: i64,
    pub patience: i64,
    pub gather_ms: i64,
    pub longest_pass_ms: i64,
}

/// Queue and forward passes. See `[batching]` in `config/strata.toml`.
#[derive(Clone, Debug)]
pub struct BatchingConfig {
    /// Maximum tokens per forward pass, padding included if the encoder pads.
    pub budget_tokens: NonZeroUsize,
    /// Maximum tokens of one client in the queue; at least `budget_tokens`.
    pub queue_tokens: NonZeroUsize,
    /// Maximum time that a client's requests wait: at most a sixth of the default time limit.
    pub queue_time: Duration,
    /// Number of waiting sequences from which the next pass is chosen.
    pub look_ahead: NonZeroUsize,
    /// Number of passes that may skip a request before it must be served.
    pub patience: u32,
    /// How long an idle encoder waits for more sequences before it starts a pass.
    pub gather: Duration,
    /// A pass that runs for longer makes `/livez` fail.
    pub longest_pass: Duration,
}

impl RawBatching {
    /// Checks the section; `timeout` is the default time limit of a request.
    pub(super) fn check(self, timeout: Duration) -> Result<BatchingConfig, Refusal> {
        let budget_tokens = count("batching.budget_tokens", self.budget_tokens, 1, MIB)?;
        let queue_tokens = count("batching.queue_tokens", self.queue_tokens, 1, GIB)?;
        if queue_tokens < budget_tokens {
            let advice = format!("must be no fewer than batching.budget_tokens, {budget_tokens}");
            return Err(Refusal::new("batching.queue_tokens", self.queue_tokens, advice));
        }
        let queue_time = millis("batching.queue_time_ms", self.queue_time_ms, 0, HOUR_MS)?;
        let longest = timeout / TIMEOUT_PER_QUEUE;
        if queue_time > longest {
            let longest = longest.as_millis();
            let advice = format!("must be at most a sixth of http.timeout_ms, {longest}");
            return Err(Refusal::new("batching.queue_time_ms", self.queue_time_ms, advice));
        }
        Ok(BatchingConfig {
            budget_tokens,
            queue_tokens,
            queue_time: if queue_time.is_zero() { longest } else { queue_time },
            look_ahead: count("batching.look_ahead", self.look_ahead, 1, 65536)?,
            patience: within("batching.patience", self.patience, 0, 10_000)?,
            gather: millis("batching.gather_ms", self.gather_ms, 0, 10_000)?,
            longest_pass: millis("batching.longest_pass_ms", self.longest_pass_ms, 100, HOUR_MS)?,
        })
    }
}
