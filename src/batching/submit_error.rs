//! Why a submission was not accepted.

use std::time::Duration;

/// Why a submission was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Too much stands ahead of it.
    #[error("too much waits already")]
    Full {
        /// When what stands ahead should be computed, in whole seconds, rounded up: at least one.
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
    /// The batcher was closed, or its worker has ended.
    #[error("the batcher accepts no more submissions")]
    Closed,
}
