//! How fast the queue drains.

use std::time::Duration;

/// The drain rate over about the last dozen passes. Tokens and seconds decay by the same factor, so
/// that a large pass counts for more than a small one, and idle time does not count.
#[derive(Debug, Default)]
pub(super) struct DrainRate {
    tokens: f64,
    seconds: f64,
}

impl DrainRate {
    /// The weight that remains of earlier passes after each new one.
    const DECAY: f64 = 0.9;

    /// Adds a pass; returns the new rate in tokens per second.
    pub(super) fn add_pass(&mut self, tokens: usize, took: Duration) -> u64 {
        self.tokens = self.tokens * Self::DECAY + tokens as f64;
        self.seconds = self.seconds * Self::DECAY + took.as_secs_f64();
        // `as` saturates.
        (self.tokens / self.seconds.max(1e-6)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drain_rate_follows_the_passes() {
        let mut drain = DrainRate::default();
        assert_eq!(drain.add_pass(500, Duration::from_millis(500)), 1_000);
        let mut rate = 0;
        for _ in 0..100 {
            rate = drain.add_pass(8_000, Duration::from_secs(1));
        }
        assert!((7_990..=8_000).contains(&rate), "{rate}");
        // A small slow pass hardly counts.
        let rate = drain.add_pass(10, Duration::from_millis(20));
        assert!(rate > 7_900, "{rate}");
        assert!(DrainRate::default().add_pass(10, Duration::ZERO) > 0);
    }
}
