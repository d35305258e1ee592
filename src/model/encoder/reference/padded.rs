//! A batch whose sequences are padded to the longest.

use candle_core::{Device, Tensor};

use crate::model::encoder::PassInput;

/// The tokens of a batch: `b` sequences of `t` tokens, padding included.
pub struct PaddedBatch {
    /// The number of tokens of each sequence, without padding.
    pub lengths: Vec<usize>,
    /// How many of the first tokens of each sequence others attend to.
    attended: Vec<usize>,
    /// `t`, tokens of the longest sequence.
    pub tokens: usize,
    /// Ids, `b·t` of them.
    pub ids: Vec<u32>,
    /// Token types, `b·t` of them.
    pub type_ids: Vec<u32>,
}

impl PaddedBatch {
    /// Pads a batch with a token.
    pub fn new(batch: &[PassInput<'_>], pad_token_id: u32) -> Self {
        let lengths: Vec<usize> = batch.iter().map(|input| input.sequence.tokens()).collect();
        let attended = batch.iter().map(|input| input.sequence.attended()).collect();
        let tokens = lengths.iter().copied().max().unwrap_or(0);
        let mut ids = Vec::with_capacity(batch.len() * tokens);
        let mut type_ids = Vec::with_capacity(batch.len() * tokens);
        for (row, input) in batch.iter().enumerate() {
            ids.extend_from_slice(&input.sequence.ids);
            ids.resize((row + 1) * tokens, pad_token_id);
            type_ids.extend_from_slice(&input.sequence.type_ids);
            type_ids.resize((row + 1) * tokens, 0);
        }
        Self { lengths, attended, tokens, ids, type_ids }
    }

    /// A tensor `(b,t)` of a number for each token.
    pub fn tensor(&self, numbers: &[u32], device: &Device) -> candle_core::Result<Tensor> {
        Tensor::from_slice(numbers, (self.lengths.len(), self.tokens), device)
    }

    /// The additive mask of attention scores, `(b,1,1,t)`: 0 for a token, the lowest number for
    /// padding and for tokens that none attend to. It depends on the lengths and not on the ids, since a
    /// text may contain the padding token.
    ///
    /// If tokens attend no further than `reach` positions, `(b,1,t,t)`. A query may be
    /// left with no token: see [`reaching`](Self::reaching).
    pub fn mask(&self, reach: Option<usize>, device: &Device) -> candle_core::Result<Tensor> {
        let (b, t) = (self.lengths.len(), self.tokens);
        let queries = if reach.is_some() { t } else { 1 };
        let mut mask = Vec::with_capacity(b * queries * t);
        for &attended in &self.attended {
            for query in 0..queries {
                let is_near = |key: usize| reach.is_none_or(|reach| key.abs_diff(query) <= reach);
                let number = |key| if key < attended && is_near(key) { 0.0 } else { f32::MIN };
                mask.extend((0..t).map(number));
            }
        }
        Tensor::from_vec(mask, (b, 1, queries, t), device)
    }

    /// `(b,1,t,1)`: 1 for a query with a token to attend to within `reach` positions, and 0 for one
    /// without, whose context is 0.
    pub fn reaching(&self, reach: usize, device: &Device) -> candle_core::Result<Tensor> {
        let (b, t) = (self.lengths.len(), self.tokens);
        let of_sequence = |&attended: &usize| {
            (0..t).map(move |query| if query < attended + reach { 1.0_f32 } else { 0.0 })
        };
        let numbers: Vec<f32> = self.attended.iter().flat_map(of_sequence).collect();
        Tensor::from_vec(numbers, (b, 1, t, 1), device)
    }
}
