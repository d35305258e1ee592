//! The limits of one key, in requests and in tokens a second.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};

use super::bucket::{Bucket, Rate};

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// Requests that are let in.
    Requests,
    /// Their tokens, special tokens included.
    Tokens,
}

/// A key has used up a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OverLimit {
    /// What is limited.
    pub limited: Limited,
    /// The limit.
    pub rate: Rate,
    /// The time until the next request is let in.
    pub retry_after: Duration,
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
        })
    }
}

/// The limits of a key and what is left of them. At most a second's worth is there at once. A request
/// is let in if one unit of each limit is left. Its tokens are then counted in full, so that a request
/// of any size has its turn, and delays the next by what it was too large.
#[derive(Debug)]
pub struct Limits<C: Clock = DefaultClock> {
    requests: Option<Rate>,
    tokens: Option<Rate>,
    left: Mutex<Left<C>>,
}

#[derive(Debug)]
struct Left<C: Clock> {
    requests: Option<Bucket<C>>,
    tokens: Option<Bucket<C>>,
}

impl<C: Clock> Limits<C> {
    /// Limits that nothing was counted against yet; `None` is no limit.
    pub fn new(requests: Option<Rate>, tokens: Option<Rate>, clock: &C) -> Self
    where
        C: Clone,
    {
        let bucket = |rate: Rate| Bucket::new(rate, clock.clone());
        let left = Left { requests: requests.map(bucket), tokens: tokens.map(bucket) };
        Self { requests, tokens, left: Mutex::new(left) }
    }

    /// Whether these are the same limits.
    pub fn has(&self, requests: Option<Rate>, tokens: Option<Rate>) -> bool {
        (self.requests, self.tokens) == (requests, tokens)
    }

    /// Takes over what others owe.
    pub fn owe(&self, others: &Self) {
        let (left, other) = (self.lock(), others.lock());
        for (bucket, other) in [(&left.requests, &other.requests), (&left.tokens, &other.tokens)] {
            if let (Some(bucket), Some(other)) = (bucket, other) {
                bucket.owe(other.owed());
            }
        }
    }

    /// Whether a request would be let in now. Counts nothing.
    ///
    /// # Errors
    /// One of the limits is used up.
    pub fn check(&self) -> Result<(), OverLimit> {
        self.settle(1, false)
    }

    /// Counts a request and its tokens, or neither of them.
    ///
    /// # Errors
    /// One of the limits is used up: the one that takes longer.
    pub fn charge(&self, tokens: usize) -> Result<(), OverLimit> {
        self.settle(tokens.max(1), true)
    }

    fn settle(&self, tokens: usize, keep: bool) -> Result<(), OverLimit> {
        let left = self.lock();
        let limits = [
            (Limited::Requests, self.requests, &left.requests, 1),
            (Limited::Tokens, self.tokens, &left.tokens, tokens),
        ];
        let mut charged = Vec::new();
        let mut over: Option<OverLimit> = None;
        for (limited, rate, bucket, units) in limits {
            let (Some(rate), Some(bucket)) = (rate, bucket) else { continue };
            match bucket.charge(units) {
                Ok(before) => charged.push((bucket, before)),
                Err(retry_after) if over.is_none_or(|over| over.retry_after < retry_after) => {
                    over = Some(OverLimit { limited, rate, retry_after });
                }
                Err(_) => {}
            }
        }
        if over.is_some() || !keep {
            charged.into_iter().for_each(|(bucket, before)| bucket.undo(before));
        }
        over.map_or(Ok(()), Err)
    }

    fn lock(&self) -> MutexGuard<'_, Left<C>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clock> fmt::Display for Limits<C> {
    /// Nothing, or what is limited: ` (5 requests/s, 20000 tokens/s)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = [(Limited::Requests, self.requests), (Limited::Tokens, self.tokens)];
        let written = |(limited, rate): (Limited, Option<Rate>)| {
            Some(format!("{} {limited}/s", rate?.per_second()))
        };
        let written: Vec<_> = limits.into_iter().filter_map(written).collect();
        if written.is_empty() { Ok(()) } else { write!(f, " ({})", written.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn rate(per_second: f64) -> Option<Rate> {
        Some(Rate::new(per_second).unwrap())
    }

    fn limits(
        requests: Option<Rate>,
        tokens: Option<Rate>,
    ) -> (Limits<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Limits::new(requests, tokens, &clock), clock)
    }

    #[test]
    fn as_many_requests_as_a_second_has_are_let_in_at_once_and_then_at_the_rate() {
        let (limits, clock) = limits(rate(4.0), None);
        for _ in 0..4 {
            limits.charge(1_000_000).unwrap();
        }
        let over = limits.charge(1).unwrap_err();
        assert_eq!(
            (over.limited, over.retry_after),
            (Limited::Requests, Duration::from_millis(250))
        );
        clock.advance(Duration::from_millis(250));
        limits.charge(1).unwrap();
        assert!(limits.charge(1).is_err());
    }

    #[test]
    fn a_large_request_is_let_in_and_delays_the_next_by_all_its_tokens() {
        let (limits, clock) = limits(None, rate(1_000.0));
        limits.charge(10_000).unwrap();
        let over = limits.check().unwrap_err();
        // A second's worth was there, so that 9 s are owed, and the time of one token.
        assert_eq!(
            (over.limited, over.retry_after),
            (Limited::Tokens, Duration::from_millis(9_001))
        );
        clock.advance(Duration::from_millis(9_000));
        assert!(limits.check().is_err());
        clock.advance(Duration::from_millis(1));
        limits.check().unwrap();
    }

    #[test]
    fn what_one_limit_refuses_is_not_counted_against_the_other() {
        let (limits, clock) = limits(rate(2.0), rate(10.0));
        limits.charge(25).unwrap();
        for _ in 0..100 {
            assert_eq!(limits.charge(1).unwrap_err().limited, Limited::Tokens);
        }
        clock.advance(Duration::from_millis(1_600));
        limits.charge(1).unwrap();
    }

    #[test]
    fn the_time_to_wait_is_that_of_the_limit_that_takes_longer() {
        for (requests, tokens, asked, limited, seconds) in
            [(0.01, 1_000.0, 2_000, Limited::Requests, 100), (1.0, 0.01, 2, Limited::Tokens, 200)]
        {
            let (limits, _) = limits(rate(requests), rate(tokens));
            limits.charge(asked).unwrap();
            let over = limits.check().unwrap_err();
            assert_eq!((over.limited, over.retry_after.as_secs()), (limited, seconds));
        }
    }

    #[test]
    fn what_is_owed_is_owed_to_other_limits_too() {
        let (before, clock) = limits(rate(1.0), rate(10.0));
        before.charge(110).unwrap();
        let after = Limits::new(None, rate(100.0), &clock);
        after.owe(&before);
        // 110 tokens are owed, of which a second's worth, 100, doesn't delay anything.
        assert_eq!(after.check().unwrap_err().retry_after, Duration::from_millis(110));
    }

    #[test]
    fn a_low_limit_holds_for_the_largest_requests_too() {
        // A token a second: what has 262,144 tokens is let in once in 73 hours.
        let (limits, clock) = limits(None, rate(1.0));
        limits.charge(262_144).unwrap();
        assert_eq!(limits.check().unwrap_err().retry_after, Duration::from_secs(262_144));
        clock.advance(Duration::from_secs(262_143));
        assert!(limits.check().is_err());
        clock.advance(Duration::from_secs(1));
        limits.check().unwrap();
    }

    #[test]
    fn checking_counts_nothing() {
        let (limits, _) = limits(rate(1.0), rate(1.0));
        for _ in 0..100 {
            limits.check().unwrap();
        }
        limits.charge(1).unwrap();
        assert!(limits.check().is_err());
    }

    #[test]
    fn less_than_one_a_second_is_one_at_a_time() {
        let (limits, clock) = limits(rate(0.1), None);
        limits.charge(1).unwrap();
        assert_eq!(limits.check().unwrap_err().retry_after, Duration::from_secs(10));
        clock.advance(Duration::from_secs(10));
        limits.charge(1).unwrap();
    }

    #[test]
    fn no_number_of_tokens_overflows() {
        let (limits, _) = limits(None, rate(Rate::MIN));
        limits.charge(usize::MAX).unwrap();
        assert!(limits.charge(usize::MAX).is_err());
        let (limits, _) = self::limits(rate(Rate::MAX), rate(Rate::MAX));
        limits.charge(usize::MAX).unwrap();
    }
}
