//! The limits and trade-offs of a batcher.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::cost::PassCost;

/// How large passes and the queue may grow, and how a pass is chosen.
#[derive(Clone, Copy, Debug)]
pub struct BatcherOptions {
    /// The most tokens in a pass. A longer sequence gets a pass of its own.
    pub token_budget: NonZeroUsize,
    /// Whether the cost of a pass is its number of sequences × its longest sequence, or only the
    /// sum of its tokens.
    pub padding: bool,
    /// The most tokens of one client that may wait, without padding, and so of one submission. All
    /// clients together may have twice as many.
    pub queue_tokens: NonZeroUsize,
    /// The longest time that a client's submissions may wait. One that has nothing waiting may wait
    /// for twice as long.
    pub queue_time: Duration,
    /// A pass is chosen from this many waiting sequences, in order. So it is also the most sequences
    /// in a pass.
    pub look_ahead: NonZeroUsize,
    /// How many passes may skip a request in favour of others behind it. Zero keeps strictly to the
    /// order, even with padding. With padding it should be larger than the number of different lengths
    /// that usually wait, about a dozen: with less, all requests are soon overdue.
    pub patience: u32,
    /// How long an idle worker waits for more requests after the first one, unless a full token
    /// budget already waits. Zero starts at once.
    pub gather: Duration,
    /// A pass that runs for longer counts as hung.
    pub longest_pass: Duration,
    /// How long passes took when they were last measured.
    pub cost: PassCost,
}
