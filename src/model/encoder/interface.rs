//! The trait that every encoder implements, and its input.

use crate::model::pooling_mask::PoolingMask;
use crate::model::task::{Tap, TapValues};
use crate::sequence::Sequence;

/// One sequence of a pass, and its taps.
#[derive(Clone, Copy, Debug)]
pub struct PassInput<'a> {
    /// The tokens, at least one.
    pub sequence: &'a Sequence,
    /// What to read from it; no tap occurs twice.
    pub taps: &'a [Tap],
    /// If the sequence is a window: which of its tokens count.
    pub mask: Option<&'a PoolingMask>,
}

/// A BERT encoder.
pub trait Encoder: Send + Sync {
    /// One pass over a batch, as deep as its deepest tap: the values of each input's taps.
    ///
    /// # Errors
    /// The backend failed; the whole pass is lost.
    fn forward(&self, batch: &[PassInput<'_>]) -> candle_core::Result<Vec<TapValues>>;

    /// Whether sequences are padded to the longest of their batch. A pass then costs the number of
    /// sequences times the longest in tokens, instead of the tokens of all sequences.
    fn pads(&self) -> bool;

    /// Its name, as in `--encoder`.
    fn name(&self) -> &'static str;

    /// The dtype of its GEMMs that is in use, which may differ from the requested one.
    fn dtype(&self) -> &'static str;

    /// The instruction set in use, as text for people.
    fn instruction_set(&self) -> &'static str;
}
