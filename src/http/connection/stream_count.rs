//! The streams of an HTTP/2 connection: how many are open, and how many were cancelled.

use std::time::{Duration, Instant};

/// How many requests of a connection its client may cancel at once, and how many a second in the long run:
/// what is begun and cancelled costs the server and not the client. A client that gives up its requests
/// because the server is overloaded stays below it.
const CANCELLATIONS: f64 = 1000.0;
const CANCELLATIONS_PER_SECOND: f64 = 100.0;

/// The streams of a connection.
#[derive(Debug)]
pub struct StreamCount {
    open: usize,
    /// How many more may be cancelled; below 0, there were too many.
    left: f64,
    /// When that was last right.
    at: Instant,
}

impl StreamCount {
    /// None yet.
    pub fn new() -> Self {
        Self { open: 0, left: CANCELLATIONS, at: Instant::now() }
    }

    /// Counts one more. Returns whether there was none before.
    #[cfg(feature = "grpc")]
    pub fn begin(&mut self) -> bool {
        self.open += 1;
        self.open == 1
    }

    /// Counts one less, which had an answer or was cancelled. Returns whether there is none any more.
    #[cfg(feature = "grpc")]
    pub fn end(&mut self, answered: bool) -> bool {
        if !answered && !self.is_flooded() {
            self.cancelled(self.at.elapsed());
        }
        self.open -= 1;
        self.open == 0
    }

    /// Counts a cancelled one, so long after the one before.
    fn cancelled(&mut self, elapsed: Duration) {
        let regained = elapsed.as_secs_f64() * CANCELLATIONS_PER_SECOND;
        self.left = (self.left + regained).min(CANCELLATIONS) - 1.0;
        self.at += elapsed;
    }

    /// Whether too many were cancelled.
    pub fn is_flooded(&self) -> bool {
        self.left < 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many may be cancelled, one in each of these intervals; at most 100,000 are.
    fn allowed(interval: Duration) -> usize {
        let mut count = StreamCount::new();
        let cancelled = (0..100_000).take_while(|_| {
            count.cancelled(interval);
            !count.is_flooded()
        });
        cancelled.count()
    }

    #[test]
    fn a_burst_is_allowed_once_and_a_rate_for_ever() {
        assert_eq!(allowed(Duration::ZERO), 1000);
        // 200 a second, of which 100 are allowed.
        assert!((1_999..=2_001).contains(&allowed(Duration::from_millis(5))));
        assert_eq!(allowed(Duration::from_millis(10)), 100_000);
    }
}
