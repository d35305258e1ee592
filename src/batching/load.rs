//! What waits, how fast it drains, and how the worker is: a few atomics that the handle reads and
//! the worker writes. Each stands for itself, so no ordering between them is needed.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use super::{Status, SubmitError};

/// Taken for the drain rate until a pass has been measured: a small encoder on two slow cores.
const ASSUMED_TOKENS_PER_SECOND: u64 = 2_000;

const SHORTEST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Load {
    limit: usize,
    tokens: AtomicUsize,
    sequences: AtomicUsize,
    tokens_per_second: AtomicU64,
    failing: AtomicBool,
    alive: AtomicBool,
}

impl Load {
    pub(super) fn new(limit: NonZeroUsize) -> Self {
        Self {
            limit: limit.get(),
            tokens: AtomicUsize::new(0),
            sequences: AtomicUsize::new(0),
            tokens_per_second: AtomicU64::new(ASSUMED_TOKENS_PER_SECOND),
            failing: AtomicBool::new(false),
            alive: AtomicBool::new(true),
        }
    }

    /// Lets in a request that fits beside what waits, or any if nothing waits.
    pub(super) fn admit(
        self: &Arc<Self>,
        tokens: usize,
        sequences: usize,
    ) -> Result<Ticket, SubmitError> {
        let with = |waiting: usize| {
            let total = waiting.checked_add(tokens)?;
            (waiting == 0 || total <= self.limit).then_some(total)
        };
        self.tokens.fetch_update(Relaxed, Relaxed, with).map_err(|waiting| SubmitError::Full {
            tokens,
            waiting,
            limit: self.limit,
            retry_after: self.retry_after(waiting, tokens),
        })?;
        self.sequences.fetch_add(sequences, Relaxed);
        Ok(Ticket { load: Arc::clone(self), tokens, sequences })
    }

    /// How long until `tokens` more have room, at the rate at which the queue drains.
    fn retry_after(&self, waiting: usize, tokens: usize) -> Duration {
        let room_for = self.limit.saturating_sub(tokens);
        let ahead = waiting.saturating_sub(room_for) as u64;
        let rate = self.tokens_per_second.load(Relaxed).max(1);
        Duration::from_secs(ahead.div_ceil(rate)).clamp(SHORTEST_RETRY, LONGEST_RETRY)
    }

    pub(super) fn waiting_tokens(&self) -> usize {
        self.tokens.load(Relaxed)
    }

    pub(super) fn set_tokens_per_second(&self, rate: u64) {
        self.tokens_per_second.store(rate, Relaxed);
    }

    pub(super) fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Relaxed);
    }

    pub(super) fn set_dead(&self) {
        self.alive.store(false, Relaxed);
    }

    pub(super) fn status(&self) -> Status {
        Status {
            waiting_tokens: self.tokens.load(Relaxed),
            waiting_sequences: self.sequences.load(Relaxed),
            alive: self.alive.load(Relaxed),
            failing: self.failing.load(Relaxed),
        }
    }
}

/// A request's place in the queue. What hasn't been given back by then, its drop gives back, so
/// that no way of losing a request can leak room.
#[derive(Debug)]
pub(super) struct Ticket {
    load: Arc<Load>,
    tokens: usize,
    sequences: usize,
}

impl Ticket {
    /// One sequence of `tokens` no longer waits.
    pub(super) fn give_back(&mut self, tokens: usize) {
        // Lengths whose sum saturated add up to more than was counted.
        let tokens = tokens.min(self.tokens);
        self.tokens -= tokens;
        self.sequences -= 1;
        self.load.tokens.fetch_sub(tokens, Relaxed);
        self.load.sequences.fetch_sub(1, Relaxed);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.load.tokens.fetch_sub(self.tokens, Relaxed);
        self.load.sequences.fetch_sub(self.sequences, Relaxed);
    }
}

/// The drain rate over the last dozen passes or so. Tokens and seconds fade alike, so a large pass
/// counts for more than a small one and idle time for nothing.
#[derive(Debug, Default)]
pub(super) struct DrainRate {
    tokens: f64,
    seconds: f64,
}

impl DrainRate {
    const KEPT: f64 = 0.9;

    /// Takes in a pass; the rate now, in tokens a second.
    pub(super) fn after(&mut self, tokens: usize, took: Duration) -> u64 {
        self.tokens = self.tokens * Self::KEPT + tokens as f64;
        self.seconds = self.seconds * Self::KEPT + took.as_secs_f64();
        // `as` saturates.
        (self.tokens / self.seconds.max(1e-6)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(limit: usize) -> Arc<Load> {
        Arc::new(Load::new(NonZeroUsize::new(limit).unwrap()))
    }

    fn retry_after(refused: Result<Ticket, SubmitError>) -> Duration {
        match refused {
            Err(SubmitError::Full { retry_after, .. }) => retry_after,
            other => panic!("should be full: {other:?}"),
        }
    }

    #[test]
    fn a_request_is_let_in_beside_what_waits_or_when_nothing_does() {
        let load = load(10);
        let first = load.admit(6, 1).unwrap();
        let second = load.admit(4, 2).unwrap();
        assert!(load.admit(1, 1).is_err());
        drop(first);
        assert!(load.admit(7, 1).is_err());
        drop(second);
        let oversized = load.admit(1_000, 3).unwrap();
        assert!(load.admit(1, 1).is_err());
        assert!(load.admit(usize::MAX, 1).is_err());
        drop(oversized);
        assert_eq!(load.status().waiting_tokens, 0);
        assert_eq!(load.status().waiting_sequences, 0);
    }

    #[test]
    fn a_ticket_gives_back_each_token_once() {
        let load = load(10);
        let mut ticket = load.admit(10, 2).unwrap();
        ticket.give_back(7);
        assert_eq!(load.status().waiting_tokens, 3);
        assert_eq!(load.status().waiting_sequences, 1);
        drop(ticket);
        assert_eq!(load.waiting_tokens(), 0);
    }

    #[test]
    fn absurd_lengths_do_not_overflow() {
        let load = load(10);
        let mut ticket = load.admit(usize::MAX, 2).unwrap();
        ticket.give_back(usize::MAX);
        ticket.give_back(usize::MAX);
        assert_eq!(load.waiting_tokens(), 0);
    }

    #[test]
    fn retry_after_is_the_time_until_there_is_room() {
        let load = load(100_000);
        let _waiting = load.admit(100_000, 1).unwrap();
        // 40,000 tokens have to drain, at the assumed rate first.
        assert_eq!(retry_after(load.admit(40_000, 1)), Duration::from_secs(20));
        load.set_tokens_per_second(4_000);
        assert_eq!(retry_after(load.admit(40_000, 1)), Duration::from_secs(10));
        // One larger than the queue has to wait until it is empty.
        assert_eq!(retry_after(load.admit(900_000, 1)), Duration::from_secs(25));
    }

    #[test]
    fn retry_after_stays_between_a_second_and_a_minute() {
        let load = load(1_000_000);
        let _waiting = load.admit(1_000_000, 1).unwrap();
        load.set_tokens_per_second(0);
        assert_eq!(retry_after(load.admit(1_000, 1)), LONGEST_RETRY);
        load.set_tokens_per_second(u64::MAX);
        assert_eq!(retry_after(load.admit(1_000, 1)), SHORTEST_RETRY);
    }

    #[test]
    fn the_drain_rate_follows_the_passes() {
        let mut drain = DrainRate::default();
        assert_eq!(drain.after(500, Duration::from_millis(500)), 1_000);
        let mut rate = 0;
        for _ in 0..100 {
            rate = drain.after(8_000, Duration::from_secs(1));
        }
        assert!((7_990..=8_000).contains(&rate), "{rate}");
        // A small slow pass hardly counts.
        let rate = drain.after(10, Duration::from_millis(20));
        assert!(rate > 7_900, "{rate}");
        assert!(DrainRate::default().after(10, Duration::ZERO) > 0);
    }
}
