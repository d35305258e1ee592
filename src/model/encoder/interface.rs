//! The trait that every encoder implements, and its input.

use crate::model::pooling_mask::PoolingMask;
use crate::model::task::{Read, Tap, TapValues};
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
    /// If taps leave out the text's prompt: which of the tokens count for them.
    pub mask_without_prompt: Option<&'a PoolingMask>,
}

impl<'a> PassInput<'a> {
    /// A text that is a single sequence.
    pub fn whole(sequence: &'a Sequence, taps: &'a [Tap]) -> Self {
        Self { sequence, taps, mask: None, mask_without_prompt: None }
    }

    /// Which tokens count for a tap that reads `read`.
    pub fn mask_of(&self, read: &Read) -> Option<&'a PoolingMask> {
        let without_prompt = matches!(read, Read::PooledWithoutPrompt(_));
        self.mask_without_prompt.filter(|_| without_prompt).or(self.mask)
    }
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

    /// How its products in f32 are computed, if that can be chosen.
    fn f32_products(&self) -> Option<&'static str>;

    /// The name of what decides the bits of its hidden states, besides checkpoint and input.
    fn numerics(&self) -> &str;
}
