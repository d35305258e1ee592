//! The limits and trade-offs of a batcher.

use std::num::NonZeroUsize;
use std::time::Duration;

/// How large passes and the queue may grow, and how a pass is chosen.
#[derive(Clone, Copy, Debug)]
pub struct BatcherOptions {
    /// The most tokens in a pass. A longer sequence gets a pass of its own.
    pub token_budget: NonZeroUsize,
    /// Whether the cost of a pass is its number of sequences × its longest sequence, or only the
    /// sum of its tokens.
    pub padding: bool,
    /// The most tokens that may wait, without padding. A larger request is admitted only if nothing
    /// else waits.
    pub queue_tokens: NonZeroUsize,
    /// A pass is chosen from this many waiting sequences, in turn order. So it is also the most
    /// sequences in a pass.
    pub look_ahead: NonZeroUsize,
    /// How many passes may take sequences from requests further back while taking none of this one.
    /// Zero keeps strictly to the turn order, even with padding. With padding it should be larger
    /// than the number of different lengths that usually wait, about a dozen: with less, all
    /// requests are soon overdue.
    pub patience: u32,
    /// How long an idle worker waits for more requests after the first one, unless a full token
    /// budget already waits. Zero starts at once.
    pub gather: Duration,
}
