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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batching::tests::options;

    /// 1 ms per token, and nothing per pass.
    fn cost() -> PassCost {
        PassCost::from_passes(Duration::from_millis(1), 1_001, Duration::from_millis(1_001))
    }

    fn limits() -> BatcherOptions {
        BatcherOptions {
            queue_tokens: std::num::NonZeroUsize::new(10_000).unwrap(),
            queue_time: Duration::from_secs(5),
            ..options(512, 64, 8)
        }
    }

    /// Asks for `tokens` with a deadline in `left` seconds.
    fn asked(tokens: usize, left: f64, ahead: Ahead) -> Result<(), SubmitError> {
        admit(tokens, Some(Duration::from_secs_f64(left)), ahead, cost(), &limits())
    }

    /// All that waits is of the same client.
    fn own(tokens: usize) -> Ahead {
        Ahead { tokens, of_client: tokens, total: tokens, idle: false }
    }

    /// Others' work, of which `tokens` are computed first.
    fn others(tokens: usize, total: usize) -> Ahead {
        Ahead { tokens, of_client: 0, total, idle: false }
    }

    fn full(seconds: u64) -> Result<(), SubmitError> {
        Err(SubmitError::Full { retry_after: Duration::from_secs(seconds) })
    }

    #[test]
    fn twice_what_stands_ahead_and_the_own_work_have_to_fit_into_the_time_left() {
        // 2 × 4 s + 1 s in 0.9 × 10 s.
        assert_eq!(asked(990, 10.0, own(3_990)), Ok(()));
        assert_eq!(asked(1_010, 10.0, own(4_010)), full(5));
        assert_eq!(asked(1_010, 10.0, others(4_010, 4_010)), full(5));
        assert_eq!(asked(1_010, 11.0, others(4_010, 4_010)), Ok(()));
    }

    #[test]
    fn own_work_that_does_not_fit_is_another_refusal_than_what_stands_ahead() {
        let refused = asked(1_000, 1.0, others(10, 10)).unwrap_err();
        assert!(matches!(refused, SubmitError::DeadlineTooShort { .. }), "{refused:?}");
        assert_eq!(asked(800, 1.0, others(10, 10)), Ok(()));
    }

    #[test]
    fn a_client_may_wait_for_the_queue_time_and_one_with_nothing_waiting_for_twice_as_long() {
        assert_eq!(asked(100, 300.0, own(4_890)), Ok(()));
        assert_eq!(asked(100, 300.0, own(4_910)), full(5));
        assert_eq!(asked(100, 300.0, others(9_990, 9_990)), Ok(()));
        assert_eq!(asked(100, 300.0, others(10_010, 10_010)), full(11));
    }

    #[test]
    fn a_client_may_have_the_queues_tokens_and_all_together_twice_as_many() {
        let fast = PassCost::from_passes(Duration::ZERO, 1, Duration::ZERO);
        let asked = |tokens, ahead| admit(tokens, None, ahead, fast, &limits());
        assert_eq!(asked(4_000, own(6_000)), Ok(()));
        assert_eq!(asked(4_001, own(6_000)), full(1));
        assert_eq!(asked(4_000, others(1, 16_000)), Ok(()));
        assert_eq!(asked(4_001, others(1, 16_000)), full(1));
    }

    #[test]
    fn an_idle_worker_lets_everything_in_that_is_not_too_large() {
        let idle = Ahead { idle: true, ..Ahead::default() };
        assert_eq!(asked(10_000, 0.001, idle), Ok(()));
        let refused = SubmitError::TooLarge { tokens: 10_001, limit: 10_000 };
        assert_eq!(asked(10_001, 300.0, idle), Err(refused));
        assert_eq!(asked(10_001, 300.0, own(1)), Err(refused));
    }

    #[test]
    fn the_time_to_retry_is_rounded_up_and_at_least_a_second() {
        for (seconds, whole) in [(0.0, 1), (0.2, 1), (1.0, 1), (1.01, 2), (29.5, 30), (1e12, 3_600)]
        {
            assert_eq!(whole_seconds(seconds), Duration::from_secs(whole), "{seconds}");
        }
    }
}
