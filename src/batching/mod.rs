//! From many requests to few passes: the handle, the bounded queue, the pure plan, the worker.
//!
//! [`Batcher`] is a cheap handle that any task may hold. Behind it one named OS thread owns the
//! queue and the engine, so nothing here locks around a model. The thread starts a pass as soon as
//! anything waits, and what comes in while it runs is gathered for the next. What goes into a pass
//! is decided in `plan`, a pure function.
//!
//! This part knows nothing of HTTP or of models: an [`Engine`] turns items into outputs, and a
//! sequence is an item with a length in tokens.

mod answer;
mod attempt;
mod handle;
mod load;
mod plan;
mod queue;
mod request;
mod worker;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::{error::Error, num::NonZeroUsize, time::Duration};

pub use answer::{Computed, Failed, Pending, Timings};
pub use attempt::EngineError;
pub use handle::{Batcher, Sequence, Status, SubmitError};
pub use worker::Worker;

/// What computes a pass.
pub trait Engine: Send + Sync + 'static {
    /// What one sequence brings to a pass.
    type Item: Send + 'static;
    /// What it gets back.
    type Output: Send + 'static;

    /// One pass over `items`: one output an item, in order.
    ///
    /// # Errors
    /// Whatever kept the pass from being computed. The message goes to the log, so it must not
    /// carry what the items hold. An error, a panic or a wrong number of outputs makes the batcher
    /// call again for each item alone.
    fn run(&self, items: &[&Self::Item])
    -> Result<Vec<Self::Output>, Box<dyn Error + Send + Sync>>;
}

/// How large passes and queue may grow, and how hard to look for what suits a pass.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The most tokens in a pass. A sequence that is longer than that gets a pass of its own.
    pub budget: NonZeroUsize,
    /// Whether a pass costs sequences × the longest of them, or only the tokens that there are.
    pub padding: bool,
    /// The most tokens that may wait, without padding. A request larger than that is let in when
    /// nothing else waits.
    pub queue_tokens: NonZeroUsize,
    /// How many waiting sequences, in turn order, a pass is chosen from; so also the most sequences
    /// in a pass.
    pub look_ahead: NonZeroUsize,
    /// How many passes may take from a request further back in the turn while taking nothing of this
    /// one. Zero keeps to the turn, whatever the padding. With padding it should be more than the
    /// unlike lengths that usually wait, about a dozen: below that all are soon overdue.
    pub patience: u32,
    /// How long an idle worker waits for company after a first request, unless a full budget waits
    /// already. Zero starts at once.
    pub gather: Duration,
}
