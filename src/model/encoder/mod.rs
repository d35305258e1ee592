//! Encoders: token ids in, what the taps read out. One trait, so that callers needn't know which.

mod options;
mod packed;
mod reference;

pub use options::{EncoderChoice, EncoderKind, EncoderOptions};
pub use packed::Packed;
pub use reference::Reference;

use super::pooling_mask::PoolingMask;
use super::task::Tap;
use crate::sequence::Sequence;

/// One sequence of a pass and what to read of it.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The tokens, at least one.
    pub sequence: &'a Sequence,
    /// What to read, each once.
    pub taps: &'a [Tap],
    /// Where the sequence is a window: what of it counts.
    pub mask: Option<&'a PoolingMask>,
}

/// A BERT encoder.
pub trait Encoder: Send + Sync {
    /// One pass over a batch, as deep as its deepest tap. For each query, for each of its taps in
    /// order: a pooled row of `c` or `2c` numbers, the `t·c` numbers of all its token rows, or the
    /// `t·k` that these are worth to a head of `k` classes.
    ///
    /// # Errors
    /// The backend failed; the whole pass is lost.
    fn forward(&self, batch: &[Query<'_>]) -> candle_core::Result<Vec<Vec<Vec<f32>>>>;

    /// Whether a batch is filled up to its longest sequence, so that a pass costs as many tokens as
    /// sequences × the longest, and not as many as there are.
    fn pads(&self) -> bool;

    /// Its name, as `--encoder` has it.
    fn name(&self) -> &'static str;

    /// The element type of its products, in use and not only asked for.
    fn dtype(&self) -> &'static str;

    /// The instruction set in use, in words.
    fn instruction_set(&self) -> &'static str;
}
