//! `[batching]`: the queue and the forward passes.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;

use super::error::Refusal;
use super::values::{GIB, MIB, count, millis, within};

/// As written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBatching {
    pub budget_tokens: i64,
    pub queue_tokens: i64,
    pub look_ahead: i64,
    pub patience: i64,
    pub gather_ms: i64,
}

/// Queue and forward passes. See `[batching]` in `config/strata.toml`.
#[derive(Clone, Debug)]
pub struct BatchingConfig {
    /// Maximum tokens per forward pass, padding included if the encoder pads.
    pub budget_tokens: NonZeroUsize,
    /// Maximum tokens in the queue; at least `budget_tokens`.
    pub queue_tokens: NonZeroUsize,
    /// Number of waiting sequences from which the next pass is chosen.
    pub look_ahead: NonZeroUsize,
    /// Number of passes that may skip a request before it must be served.
    pub patience: u32,
    /// How long an idle encoder waits for more sequences before it starts a pass.
    pub gather: Duration,
}

impl TryFrom<RawBatching> for BatchingConfig {
    type Error = Refusal;

    fn try_from(raw: RawBatching) -> Result<Self, Refusal> {
        let budget_tokens = count("batching.budget_tokens", raw.budget_tokens, 1, MIB)?;
        let queue_tokens = count("batching.queue_tokens", raw.queue_tokens, 1, GIB)?;
        if queue_tokens < budget_tokens {
            let advice = format!("must be no fewer than batching.budget_tokens, {budget_tokens}");
            return Err(Refusal::new("batching.queue_tokens", raw.queue_tokens, advice));
        }
        Ok(Self {
            budget_tokens,
            queue_tokens,
            look_ahead: count("batching.look_ahead", raw.look_ahead, 1, 65536)?,
            patience: within("batching.patience", raw.patience, 0, 10_000)?,
            gather: millis("batching.gather_ms", raw.gather_ms, 0, 10_000)?,
        })
    }
}
