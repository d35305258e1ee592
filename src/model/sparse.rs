//! Sparse rows by SPLADE (Formal et al. 2021, arXiv:2109.10086): a weight for each id of the vocabulary,
//! from what a masked language model predicts at each token.
//!
//! A row is kept as pairs of numbers, an id and its weight, one after another: ids ascend, and those of
//! weight 0 are left out. Letters: `t` tokens, `c` hidden size, `v` ids of the vocabulary.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use strata_kernels::{
    Dtype, Epilogue, Kernels, Operand, OperandScratch, PackedLinear, PackedPart, View, ViewMut,
};

use super::checkpoint::{Checkpoint, CheckpointError, Splade, SpladeActivation, SpladePooling};
use super::pooling_mask::{PoolingMask, counted_rows};
use super::token_layers::TokenLayers;

/// The most ids of a vocabulary: each is exact in f32.
const MOST_IDS: usize = 1 << f32::MANTISSA_DIGITS;

/// Logits that are computed before they are pooled: 128 KiB, so that they stay in a core's cache.
const LOGITS: usize = 32 * 1024;

/// From the last hidden state `(t,c)` to a sparse row `(v)`. A head is equal only to itself.
pub struct SparseHead {
    splade: Splade,
    /// The hidden state that it reads.
    layer: usize,
    kernels: Kernels,
    /// The dtype of the last layer's GEMM.
    dtype: Dtype,
    before: TokenLayers,
    decoder: PackedLinear,
    vocabulary: usize,
}

impl std::fmt::Debug for SparseHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SparseHead").field("splade", &self.splade).finish_non_exhaustive()
    }
}

impl PartialEq for SparseHead {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for SparseHead {}

impl SparseHead {
    /// The layers that predict tokens of a checkpoint that makes sparse rows. The largest of them, over
    /// the vocabulary, is computed in f32 if the encoder's `dtype` is f32, and otherwise in bf16.
    ///
    /// # Errors
    /// There are no such layers, a tensor can't be read, or there is not enough memory.
    pub fn from_checkpoint(
        checkpoint: &Checkpoint,
        kernels: Kernels,
        dtype: Dtype,
    ) -> Result<Option<Arc<Self>>, CheckpointError> {
        let Some((splade, prediction)) = checkpoint.sparse()? else { return Ok(None) };
        let Checkpoint { weights, config, dir, .. } = checkpoint;
        let dtype = if dtype == Dtype::F32 { dtype } else { Dtype::Bf16 };
        let (rows, c) = (prediction.decoder.rows, prediction.decoder.columns);
        let invalid = |message| CheckpointError::invalid(dir, message);
        if rows > MOST_IDS {
            let message =
                format!("a vocabulary of {rows} ids; sparse rows have at most {MOST_IDS}");
            return Err(invalid(message));
        }
        let layers = weights.read_classifier(&prediction.layers)?;
        let weight = weights.read(&prediction.decoder.name, &[rows, c])?;
        let bias = match &prediction.bias {
            Some(name) => weights.read(name, &[rows])?,
            None => vec![0.0; rows],
        };
        let part = PackedPart { weight: &weight, bias: &bias };
        let packed = TokenLayers::pack(kernels, &layers)
            .and_then(|before| Ok((before, PackedLinear::pack(kernels, dtype, c, &[part])?)));
        let (before, decoder) = packed.map_err(|error| invalid(error.to_string()))?;
        let (layer, vocabulary) = (config.layers, rows);
        Ok(Some(Arc::new(Self { splade, layer, kernels, dtype, before, decoder, vocabulary })))
    }

    /// How rows are made.
    pub fn splade(&self) -> Splade {
        self.splade
    }

    /// The hidden state that it reads.
    pub fn layer(&self) -> usize {
        self.layer
    }

    /// Columns of a row: `v`.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// `H (t,c)` → the pairs of the tokens that count.
    pub fn row(&self, rows: View<'_>, mask: Option<&PoolingMask>) -> Vec<f32> {
        let (t, c) = (rows.rows(), rows.columns());
        let hidden = self.before.forward(rows);
        let mut scratch = OperandScratch::default();
        let hidden = View::new(&hidden, t, c, c);
        let operand = Operand::new(self.kernels, self.dtype, hidden, &mut scratch);
        let counted: Vec<usize> = counted_rows(t, mask).map(|(row, _)| row).collect();
        let columns = self.decoder.panel_columns();
        let at_once = (LOGITS / (t * columns)).max(1);
        // Each part of the vocabulary by itself: its bits don't depend on how it is divided.
        let part = |panels: Range<usize>| {
            let (first, width) = (panels.start * columns, panels.len() * columns);
            let mut logits = vec![0.0; t * width];
            let out = ViewMut::new(&mut logits, t, width, width);
            self.kernels.gemm(&operand, &self.decoder, panels, Epilogue::Bias, out);
            // The last panel is filled up.
            let ids = 0..width.min(self.vocabulary - first);
            let weight = |id: usize| self.pool(counted.iter().map(|row| logits[row * width + id]));
            pairs(ids.map(|id| (first + id, weight(id))))
        };
        let panels = self.decoder.panels();
        let parts = (0..panels).step_by(at_once).map(|first| first..panels.min(first + at_once));
        let parts: Vec<Range<usize>> = parts.collect();
        parts.into_par_iter().map(part).collect::<Vec<Vec<f32>>>().concat()
    }

    /// The weight of an id, from its logits at each token that counts.
    fn pool(&self, logits: impl Iterator<Item = f32>) -> f32 {
        match self.splade.pooling {
            // No weight is below that of a smaller logit.
            SpladePooling::Max => self.weight(logits.fold(0.0, f32::max)) as f32,
            SpladePooling::Sum => logits.map(|logit| self.weight(logit)).sum::<f64>() as f32,
        }
    }

    fn weight(&self, logit: f32) -> f64 {
        if logit <= 0.0 {
            return 0.0;
        }
        let weight = libm::log1p(logit.into());
        match self.splade.activation {
            SpladeActivation::Relu => weight,
            SpladeActivation::Log1pRelu => libm::log1p(weight),
        }
    }

    /// The pairs of a text, from those of its windows.
    pub fn join(&self, windows: &[&[f32]]) -> Vec<f32> {
        let mut row: BTreeMap<usize, f32> = BTreeMap::new();
        for (id, weight) in windows.iter().flat_map(|window| id_weights(window)) {
            let joined = row.entry(id).or_default();
            *joined = match self.splade.pooling {
                SpladePooling::Max => joined.max(weight),
                SpladePooling::Sum => *joined + weight,
            };
        }
        pairs(row.into_iter())
    }
}

/// Pairs, without those of weight 0.
fn pairs(weights: impl Iterator<Item = (usize, f32)>) -> Vec<f32> {
    weights
        .filter(|(_, weight)| *weight > 0.0)
        .flat_map(|(id, weight)| [id as f32, weight])
        .collect()
}

/// The ids and weights of pairs.
pub fn id_weights(pairs: &[f32]) -> impl Iterator<Item = (usize, f32)> {
    let (pairs, _) = pairs.as_chunks::<2>();
    pairs.iter().map(|[id, weight]| (*id as usize, *weight))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn head(splade: Splade) -> SparseHead {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny/sentence");
        let mut checkpoint = Checkpoint::open(&dir).unwrap();
        assert!(
            SparseHead::from_checkpoint(&checkpoint, Kernels::best(), Dtype::F32)
                .unwrap()
                .is_none()
        );
        checkpoint.sentence.splade = Some(splade);
        let error =
            SparseHead::from_checkpoint(&checkpoint, Kernels::best(), Dtype::F32).unwrap_err();
        assert!(error.to_string().contains("has to name BertForMaskedLM"), "{error}");
        SparseHead {
            splade,
            layer: 0,
            kernels: Kernels::best(),
            dtype: Dtype::F32,
            before: TokenLayers::pack(Kernels::best(), &[]).unwrap(),
            decoder: {
                // 3 ids of 2 columns.
                let part = PackedPart {
                    weight: &[1.0, 0.0, 0.0, 1.0, -1.0, -1.0],
                    bias: &[0.0, 0.5, 0.0],
                };
                PackedLinear::pack(Kernels::best(), Dtype::F32, 2, &[part]).unwrap()
            },
            vocabulary: 3,
        }
    }

    #[test]
    fn weights_are_pooled_and_windows_joined_as_the_names_say() {
        let rows = [1.0, -2.0, 3.0, 0.5];
        let ln = |x: f64| x.ln() as f32;
        for (pooling, activation, expected) in [
            (
                SpladePooling::Max,
                SpladeActivation::Relu,
                [0.0, ln(4.0), 1.0, ln(2.0), 2.0, ln(2.0)],
            ),
            (
                SpladePooling::Sum,
                SpladeActivation::Relu,
                [0.0, ln(2.0 * 4.0), 1.0, ln(2.0), 2.0, ln(2.0)],
            ),
            (
                SpladePooling::Max,
                SpladeActivation::Log1pRelu,
                [
                    0.0,
                    ln(1.0 + 4.0_f64.ln()),
                    1.0,
                    ln(1.0 + 2.0_f64.ln()),
                    2.0,
                    ln(1.0 + 2.0_f64.ln()),
                ],
            ),
        ] {
            let head = head(Splade { pooling, activation });
            let view = View::new(&rows, 2, 2, 2);
            assert_eq!(head.row(view, None), expected);
            // The same tokens in two windows, each with the other one's token beside its own.
            let mask = |at: usize| PoolingMask {
                counted: vec![at == 0, at == 1],
                before: at,
                total: 2,
                prompt: 0,
            };
            let windows = [0, 1].map(|at| head.row(view, Some(&mask(at))));
            let joined = head.join(&[&windows[0], &windows[1]]);
            assert_eq!(joined.len(), expected.len());
            for (found, expected) in joined.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{found} {expected}");
            }
        }
        let none = [-1.0, -1.0];
        let found = head(Splade::default()).row(View::new(&none, 1, 2, 2), None);
        assert_eq!(id_weights(&found).collect::<Vec<_>>(), [(2, ln(3.0))]);
    }
}
