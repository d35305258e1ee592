//! The streams of an HTTP/2 connection: how many are open and for what, and how many were cancelled.

use std::time::{Duration, Instant};

/// How many requests of a connection its client may cancel at once, and how many a second in the long run:
/// what is begun and cancelled costs the server and not the client. Each answer allows one more, so that
/// a client, or a proxy for many, stays below it whose requests end for the most part.
const CANCELLATIONS: f64 = 1000.0;
const CANCELLATIONS_PER_SECOND: f64 = 100.0;

/// How many more once it was asked to leave.
const LAST_CANCELLATIONS: f64 = 100.0;

/// What a stream was when it ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamEnd {
    /// All of its answer was handed over.
    pub answered: bool,
    /// It only watched for changes.
    pub watched: bool,
    /// It was over but for the sending of its answer.
    pub lingered: bool,
}

/// The streams of a connection.
#[derive(Debug)]
pub struct StreamCount {
    open: usize,
    watching: usize,
    lingering: usize,
    /// Since when none of those that linger has ended.
    lingering_since: Instant,
    /// How many more may be cancelled; below 0, there were too many.
    left: f64,
    /// When that was last right.
    at: Instant,
}

impl StreamCount {
    /// None yet.
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            open: 0,
            watching: 0,
            lingering: 0,
            lingering_since: now,
            left: CANCELLATIONS,
            at: now,
        }
    }

    /// Counts one more.
    pub fn begin(&mut self) {
        self.open += 1;
    }

    /// One of them only watches for changes.
    pub fn watches(&mut self) {
        self.watching += 1;
    }

    /// One of them is over, but a part of its answer isn't sent.
    pub fn lingers(&mut self) {
        if self.lingering == 0 {
            self.lingering_since = Instant::now();
        }
        self.lingering += 1;
    }

    /// Counts one less.
    pub fn end(&mut self, end: StreamEnd) {
        self.open -= 1;
        if end.watched {
            self.watching -= 1;
        }
        if end.lingered {
            self.lingering -= 1;
            self.lingering_since = Instant::now();
        }
        if end.answered {
            self.left = (self.left + 1.0).min(CANCELLATIONS);
        } else if !end.watched {
            self.cancelled(self.at.elapsed());
        }
    }

    /// Counts a cancelled one, so long after the one before.
    fn cancelled(&mut self, elapsed: Duration) {
        let regained = elapsed.as_secs_f64() * CANCELLATIONS_PER_SECOND;
        self.left = (self.left + regained).min(CANCELLATIONS) - 1.0;
        self.at += elapsed;
    }

    /// Whether nobody waits for an answer.
    pub fn is_idle(&self) -> bool {
        self.open == self.watching
    }

    /// Whether there is one that watches for changes.
    pub fn is_watched(&self) -> bool {
        self.watching > 0
    }

    /// Since when answers that are over have not been sent, if there are any.
    pub fn lingering_since(&self) -> Option<Instant> {
        (self.lingering > 0).then_some(self.lingering_since)
    }

    /// Whether too many were cancelled.
    pub fn is_flooded(&self) -> bool {
        self.left < 0.0
    }

    /// Allows a few more, since the client was asked to leave.
    pub fn forgive(&mut self) {
        self.left = LAST_CANCELLATIONS;
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

    #[test]
    fn each_answer_allows_one_more() {
        let mut count = StreamCount::new();
        for _ in 0..100_000 {
            count.begin();
            count.end(StreamEnd { answered: true, ..StreamEnd::default() });
            count.cancelled(Duration::ZERO);
        }
        assert!(!count.is_flooded());
    }

    #[test]
    fn those_that_only_watch_leave_a_connection_idle() {
        let mut count = StreamCount::new();
        assert!(count.is_idle());
        count.begin();
        count.begin();
        count.watches();
        assert!(!count.is_idle() && count.is_watched());
        count.lingers();
        assert!(count.lingering_since().is_some());
        count.end(StreamEnd { answered: true, lingered: true, ..StreamEnd::default() });
        assert!(count.is_idle() && count.lingering_since().is_none());
        count.end(StreamEnd { watched: true, ..StreamEnd::default() });
        assert!(count.is_idle() && !count.is_watched());
    }
}
