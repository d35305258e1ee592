//! Admission to the queue, and the state of queue and worker: a few atomics that the handle reads and
//! the worker writes. They are independent, so that no ordering between them is needed.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::time::Duration;

/// The drain rate before the first pass was measured: that of a small encoder on two slow cores.
const ASSUMED_TOKENS_PER_SECOND: u64 = 2_000;

const SHORTEST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// The state of the queue and the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Admitted tokens that no pass has taken yet, without padding.
    pub waiting_tokens: usize,
    /// Admitted sequences that no pass has taken yet.
    pub waiting_sequences: usize,
    /// Whether the worker runs: false after it has drained and ended, or died.
    pub alive: bool,
    /// Whether every sequence of the last pass failed.
    pub failing: bool,
}

/// Why a submission was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The queue has too little room.
    #[error("{tokens} tokens don't fit in the queue: {waiting} of at most {limit} wait already")]
    Full {
        /// Tokens of the submission.
        tokens: usize,
        /// Tokens that wait.
        waiting: usize,
        /// The most tokens that may wait.
        limit: usize,
        /// When there should be room, by the measured drain rate: one second to one minute, in whole
        /// seconds.
        retry_after: Duration,
    },
    /// The submission has more tokens than the queue can ever hold.
    #[error("{tokens} tokens in one request; at most {limit} are allowed")]
    TooLarge {
        /// Tokens of the submission.
        tokens: usize,
        /// The most tokens of a submission.
        limit: usize,
    },
    /// Computing it alone takes longer than its deadline allows.
    #[error("computing it takes about {} ms, and {} ms are left", .needed.as_millis(), .left.as_millis())]
    DeadlineTooShort {
        /// The estimated time.
        needed: Duration,
        /// The time until the deadline.
        left: Duration,
    },
    /// The batcher was closed, or its worker is dead.
    #[error("the batcher accepts no more submissions")]
    Closed,
}

/// What waits, how fast it drains, and whether the worker lives.
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

    /// Admits a request if it fits into the queue, or if nothing waits.
    pub(super) fn admit(
        self: &Arc<Self>,
        tokens: usize,
        sequences: usize,
    ) -> Result<Ticket, SubmitError> {
        let add = |waiting: usize| {
            let total = waiting.checked_add(tokens)?;
            (waiting == 0 || total <= self.limit).then_some(total)
        };
        self.tokens.fetch_update(Relaxed, Relaxed, add).map_err(|waiting| SubmitError::Full {
            tokens,
            waiting,
            limit: self.limit,
            retry_after: self.retry_after(waiting, tokens),
        })?;
        self.sequences.fetch_add(sequences, Relaxed);
        Ok(Ticket { load: Arc::clone(self), tokens, sequences })
    }

    /// Time until there is room for `tokens` more, at the current drain rate.
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

/// The room of a request in the queue. Dropping it releases what is left, so that no way of losing a
/// request can leak room.
#[derive(Debug)]
pub(super) struct Ticket {
    load: Arc<Load>,
    tokens: usize,
    sequences: usize,
}

impl Ticket {
    /// Releases the room of one sequence of `tokens`.
    pub(super) fn release(&mut self, tokens: usize) {
        // If the sum of the lengths saturated, they add up to more than was counted.
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
    fn a_request_is_admitted_if_it_fits_or_if_nothing_waits() {
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
    fn a_ticket_releases_each_token_once() {
        let load = load(10);
        let mut ticket = load.admit(10, 2).unwrap();
        ticket.release(7);
        assert_eq!(load.status().waiting_tokens, 3);
        assert_eq!(load.status().waiting_sequences, 1);
        drop(ticket);
        assert_eq!(load.waiting_tokens(), 0);
    }

    #[test]
    fn huge_lengths_do_not_overflow() {
        let load = load(10);
        let mut ticket = load.admit(usize::MAX, 2).unwrap();
        ticket.release(usize::MAX);
        ticket.release(usize::MAX);
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
}
