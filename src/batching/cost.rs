//! How long passes take.

use std::time::Duration;

/// The time of a pass: a fixed part, since every pass reads all weights and wakes all threads, and a
/// part per token. Both follow the passes that are measured.
///
/// A pass that was off by a factor of more than `TRUSTED` counts as one that was off by
/// that factor, so that one stalled pass changes little. The correction goes to the two parts in
/// proportion to what they had in the pass (normalised least mean squares; Widrow and Hoff, 1960): so
/// tiny passes say nothing about the time per token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PassCost {
    /// Seconds.
    fixed: f64,
    /// Seconds.
    per_token: f64,
}

impl PassCost {
    /// Before anything was measured: a small encoder on two slow cores, 2,000 tokens per second.
    pub const ASSUMED: Self = Self { fixed: 5e-3, per_token: 5e-4 };

    /// How much of its error each pass corrects.
    const STEP: f64 = 0.2;

    /// The largest factor between the estimated and the measured time that is believed at once.
    const TRUSTED: f64 = 4.0;

    /// Neither part is estimated below a nanosecond: a rate is always finite.
    const SHORTEST: f64 = 1e-9;

    /// The cost that two passes show: of one token, and of `tokens`.
    #[must_use]
    pub fn from_passes(one: Duration, tokens: usize, full: Duration) -> Self {
        let (one, full) = (one.as_secs_f64(), full.as_secs_f64());
        let more = tokens.saturating_sub(1).max(1) as f64;
        let per_token = ((full - one) / more).max(Self::SHORTEST);
        Self { fixed: (one - per_token).max(Self::SHORTEST), per_token }
    }

    /// Seconds of `tokens` in a pass.
    fn seconds(&self, tokens: f64) -> f64 {
        self.fixed + self.per_token * tokens
    }

    /// Seconds per token while passes are full.
    pub(super) fn per_queued_token(&self, token_budget: usize) -> f64 {
        self.per_token + self.fixed / token_budget as f64
    }

    /// Seconds of `tokens` if nothing else is computed.
    pub(super) fn alone(&self, tokens: usize, token_budget: usize) -> f64 {
        let passes = tokens.div_ceil(token_budget).max(1);
        self.fixed * passes as f64 + self.per_token * tokens as f64
    }

    /// Corrects the estimate by a pass of `tokens` that took `took`.
    pub(super) fn observe(&mut self, tokens: usize, took: Duration, token_budget: usize) {
        // In units of a full pass, so that the two parts are of the same order.
        let unit = token_budget as f64;
        let fill = tokens as f64 / unit;
        let expected = self.seconds(tokens as f64);
        let measured = took.as_secs_f64().clamp(expected / Self::TRUSTED, expected * Self::TRUSTED);
        let step = Self::STEP * (measured - expected) / (1.0 + fill * fill);
        self.fixed = (self.fixed + step).max(Self::SHORTEST);
        self.per_token = (self.per_token + step * fill / unit).max(Self::SHORTEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: usize = 512;
    /// 1 ms and 0.1 ms per token.
    const TRUE: PassCost = PassCost { fixed: 1e-3, per_token: 1e-4 };

    fn observe(cost: &mut PassCost, truth: PassCost, tokens: usize) {
        cost.observe(tokens, Duration::from_secs_f64(truth.seconds(tokens as f64)), BUDGET);
    }

    /// How far the estimate of a full queue is off, as a factor.
    fn factor(cost: PassCost, truth: PassCost) -> f64 {
        cost.per_queued_token(BUDGET) / truth.per_queued_token(BUDGET)
    }

    #[test]
    fn two_passes_give_both_parts() {
        let time = |tokens| Duration::from_secs_f64(TRUE.seconds(tokens));
        let cost = PassCost::from_passes(time(1.0), BUDGET, time(512.0));
        assert!((factor(cost, TRUE) - 1.0).abs() < 1e-6);
        assert!((cost.alone(1_024, BUDGET) - (2e-3 + 0.1024)).abs() < 1e-6);
        // A full pass that was faster than a small one says little, but nothing infinite.
        let odd = PassCost::from_passes(time(512.0), BUDGET, time(1.0));
        assert!(odd.per_queued_token(BUDGET) > 0.0 && odd.alone(1, BUDGET) > 0.0);
    }

    #[test]
    fn the_estimate_follows_a_rate_that_changes_either_way() {
        for change in [10.0, 0.1] {
            let mut cost = TRUE;
            let truth = PassCost { fixed: TRUE.fixed * change, per_token: TRUE.per_token * change };
            for _ in 0..60 {
                observe(&mut cost, truth, BUDGET);
            }
            let factor = factor(cost, truth);
            assert!((0.9..1.1).contains(&factor), "{change}: {factor}");
        }
    }

    #[test]
    fn one_stalled_pass_changes_the_estimate_little_and_not_for_long() {
        let mut cost = TRUE;
        cost.observe(BUDGET, Duration::from_secs(600), BUDGET);
        assert!(factor(cost, TRUE) < 1.7, "{}", factor(cost, TRUE));
        for _ in 0..10 {
            observe(&mut cost, TRUE, BUDGET);
        }
        assert!(factor(cost, TRUE) < 1.1, "{}", factor(cost, TRUE));
    }

    #[test]
    fn tiny_passes_say_nothing_about_the_time_per_token() {
        let mut cost = TRUE;
        // Ten times slower than they should be, as on a busy machine.
        for _ in 0..10_000 {
            cost.observe(3, Duration::from_millis(10), BUDGET);
        }
        assert!(factor(cost, TRUE) < 1.3, "{}", factor(cost, TRUE));
        for _ in 0..10_000 {
            observe(&mut cost, TRUE, 3);
        }
        assert!((0.8..1.2).contains(&factor(cost, TRUE)), "{}", factor(cost, TRUE));
    }

    #[test]
    fn an_estimate_stays_positive_and_finite_whatever_is_measured() {
        let mut cost = TRUE;
        for took in [Duration::ZERO, Duration::MAX] {
            for tokens in [1, BUDGET, usize::MAX] {
                for _ in 0..200 {
                    cost.observe(tokens, took, BUDGET);
                }
                let seconds = cost.per_queued_token(BUDGET);
                assert!(seconds > 0.0 && seconds.is_finite(), "{took:?}, {tokens}: {seconds}");
            }
        }
    }
}
