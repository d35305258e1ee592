//! Whether a submission is let in: a pure function of what stands ahead of it, the cost of passes and
//! the time that it has left.
//!
//! | refused with | if |
//! |---|---|
//! | `TooLarge` | it has more tokens than the queue can hold, whatever waits |
//! | `Full` | its client has something waiting, and with it would have more than `queue_tokens`, or wait longer than `queue_time` |
//! | `Full` | its client has nothing waiting, and all clients together would have more than twice `queue_tokens`, or it would wait longer than twice `queue_time` |
//! | `DeadlineTooShort` | its own work doesn't fit into 0.9 of the time that it has left |
//! | `Full` | twice what stands ahead and its own work don't fit into 0.9 of the time that it has left |
//!
//! An idle worker lets in everything that isn't too large. So a wrong estimate can't refuse for ever.

use std::time::Duration;

use super::cost::PassCost;
use super::options::BatcherOptions;
use super::submit_error::SubmitError;

/// Of the tokens in the queue, what is computed before a new submission is complete, and what
/// decides whether there is room for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ahead {
    /// Tokens that are computed before the submission is, in the order in which clients share passes.
    pub(super) tokens: usize,
    /// Waiting tokens of the same client.
    pub(super) of_client: usize,
    /// Waiting tokens of all clients.
    pub(super) total: usize,
    /// Whether nothing waits and no pass runs.
    pub(super) idle: bool,
}

/// How much of the time left is planned with.
const USABLE: f64 = 0.9;

/// How often what stands ahead is counted, since later arrivals have half of the passes.
const LATER_ARRIVALS: f64 = 2.0;

/// How much more there may be of all clients together than of one.
const ALL_CLIENTS: usize = 2;

/// Decides about a submission of `tokens` whose deadline is `left` away.
pub(super) fn admit(
    tokens: usize,
    left: Option<Duration>,
    ahead: Ahead,
    cost: PassCost,
    options: &BatcherOptions,
) -> Result<(), SubmitError> {
    let limit = options.queue_tokens.get();
    if tokens > limit {
        return Err(SubmitError::TooLarge { tokens, limit });
    }
    if ahead.idle {
        return Ok(());
    }
    let budget = options.token_budget.get();
    let wait = cost.per_queued_token(budget) * ahead.tokens as f64;
    let full = SubmitError::Full { retry_after: whole_seconds(wait) };
    let own = cost.alone(tokens, budget);
    let queue_time = options.queue_time.as_secs_f64();
    let has_room = if ahead.of_client > 0 {
        ahead.of_client.saturating_add(tokens) <= limit && wait + own <= queue_time
    } else {
        ahead.total.saturating_add(tokens) <= limit.saturating_mul(ALL_CLIENTS)
            && wait <= queue_time * ALL_CLIENTS as f64
    };
    let Some(left) = left else {
        return if has_room { Ok(()) } else { Err(full) };
    };
    let usable = USABLE * left.as_secs_f64();
    if own > usable {
        return Err(SubmitError::DeadlineTooShort { needed: Duration::from_secs_f64(own), left });
    }
    if has_room && LATER_ARRIVALS * wait + own <= usable { Ok(()) } else { Err(full) }
}

/// Rounded up, from one second to an hour.
fn whole_seconds(seconds: f64) -> Duration {
    // `as` saturates.
    Duration::from_secs((seconds.ceil() as u64).clamp(1, 3_600))
}
