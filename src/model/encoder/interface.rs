//! What every encoder does.

use crate::model::pooling_mask::PoolingMask;
use crate::model::task::Tap;
use crate::sequence::Sequence;

/// One sequence of a pass and what to read from it.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The tokens, at least one.
    pub sequence: &'a Sequence,
    /// What to read; no tap occurs twice.
    pub taps: &'a [Tap],
    /// If the sequence is a window: which of its tokens count.
    pub mask: Option<&'a PoolingMask>,
}

/// For each query, for each of its taps in order, the numbers that were read: a pooled row of `c`
/// or `2c` numbers, the `t·c` numbers of all token rows, or their `t·k` contributions to a head of
/// `k` classes.
pub type TapValues = Vec<Vec<Vec<f32>>>;

/// A BERT encoder.
pub trait Encoder: Send + Sync {
    /// One pass over a batch, as deep as its deepest tap.
    ///
    /// # Errors
    /// The backend failed; the whole pass is lost.
    fn forward(&self, batch: &[Query<'_>]) -> candle_core::Result<TapValues>;

    /// Whether sequences are padded to the longest of their batch, so that a pass costs as many
    /// tokens as sequences × the longest, and not as many as there are.
    fn pads(&self) -> bool;

    /// Its name, as in `--encoder`.
    fn name(&self) -> &'static str;

    /// The number format of its products that is in use, which may differ from the requested one.
    fn dtype(&self) -> &'static str;

    /// The instruction set in use, for people to read.
    fn instruction_set(&self) -> &'static str;
}
