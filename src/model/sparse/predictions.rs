//! Weights from the predictions of a masked language model: SPLADE (Formal et al. 2021,
//! arXiv:2109.10086). Letters: `t` tokens, `c` hidden size, `e` columns of a word embedding.

use std::ops::Range;

use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use strata_kernels::{
    Dtype, Epilogue, Kernels, Operand, OperandScratch, PackedLinear, PackedPart, View, ViewMut,
};

use super::input::SparseInput;
use super::logarithm::ln_1p;
use super::pairs::pairs;
use crate::model::checkpoint::spec::PredictionSpec;
use crate::model::checkpoint::{CheckpointError, Splade, SpladeActivation, SpladePooling, Weights};
use crate::model::maximum::maximum;
use crate::model::pooling_mask::counted_rows;
use crate::model::token_layers::TokenLayers;

/// Rows from which on texts are no longer computed together.
const ROWS: usize = 256;

/// Logits that are computed before they are pooled: 128 KiB, so that they stay in a core's cache.
const LOGITS: usize = 32 * 1024;

/// The most panels of weights that are computed at once, so that they stay there too.
const PANELS: usize = 8;

/// The layers that predict tokens, and how their logits are pooled.
pub struct Predictions {
    splade: Splade,
    kernels: Kernels,
    /// The dtype of the last layer's GEMM.
    dtype: Dtype,
    before: TokenLayers,
    decoder: PackedLinear,
    vocabulary: usize,
}

impl Predictions {
    /// Reads the layers. The last one is computed in f32 if `dtype` is f32, and otherwise in bf16.
    ///
    /// # Errors
    /// A tensor can't be read, or there is not enough memory.
    pub fn read(
        splade: Splade,
        spec: &PredictionSpec,
        weights: &Weights,
        kernels: Kernels,
        dtype: Dtype,
    ) -> Result<Self, CheckpointError> {
        let dtype = if dtype == Dtype::F32 { dtype } else { Dtype::Bf16 };
        let (vocabulary, e) = (spec.decoder.rows, spec.decoder.columns);
        let layers = weights.read_classifier(&spec.layers)?;
        let weight = weights.read(&spec.decoder.name, &[vocabulary, e])?;
        let bias = match &spec.bias {
            Some(name) => weights.read(name, &[vocabulary])?,
            None => vec![0.0; vocabulary],
        };
        let part = PackedPart { weight: &weight, bias: &bias };
        let packed = TokenLayers::pack(kernels, &layers)
            .and_then(|before| Ok((before, PackedLinear::pack(kernels, dtype, e, &[part])?)));
        let (before, decoder) =
            packed.map_err(|error| CheckpointError::invalid(weights.dir(), error.to_string()))?;
        Ok(Self { splade, kernels, dtype, before, decoder, vocabulary })
    }

    /// How logits are pooled.
    pub fn splade(&self) -> Splade {
        self.splade
    }

    /// For each text `H (t,c)` → the pairs of its tokens that count. A part of the vocabulary is computed
    /// for one group of texts after the other, so that its weights come from memory once for all of them.
    pub fn rows(&self, texts: &[SparseInput<'_>]) -> Vec<Vec<f32>> {
        let e = self.decoder.inputs();
        let groups = groups(texts);
        let hidden = groups.par_iter().map(|texts| {
            let hidden = texts.par_iter().map(|text| self.before.forward(text.rows));
            hidden.collect::<Vec<Vec<f32>>>().concat()
        });
        let hidden: Vec<Vec<f32>> = hidden.collect();
        let mut scratches: Vec<OperandScratch> =
            groups.iter().map(|_| OperandScratch::default()).collect();
        let operands = hidden.iter().zip(&mut scratches).map(|(hidden, scratch)| {
            let rows = View::new(hidden, hidden.len() / e, e, e);
            Operand::new(self.kernels, self.dtype, rows, scratch)
        });
        let operands: Vec<Operand<'_>> = operands.collect();
        let most = operands.iter().map(Operand::rows).max().unwrap_or(1);
        let at_once = (LOGITS / (most * self.decoder.panel_columns())).clamp(1, PANELS);
        let panels = self.decoder.panels();
        let parts = (0..panels).step_by(at_once).map(|first| first..panels.min(first + at_once));
        let parts: Vec<Range<usize>> = parts.collect();
        let part = |panels: Range<usize>| -> Vec<Vec<f32>> {
            let mut logits = Vec::new();
            let groups = groups.iter().zip(&operands);
            groups
                .flat_map(|(texts, operand)| self.part(texts, operand, panels.clone(), &mut logits))
                .collect()
        };
        let parts: Vec<Vec<Vec<f32>>> = parts.into_par_iter().map(part).collect();
        let row = |text: usize| -> Vec<f32> {
            parts.iter().map(|part| part[text].as_slice()).collect::<Vec<_>>().concat()
        };
        (0..texts.len()).into_par_iter().map(row).collect()
    }

    /// The pairs of each text of a group, for a part of the vocabulary. Their bits don't depend on how
    /// texts and vocabulary are divided.
    fn part(
        &self,
        texts: &[SparseInput<'_>],
        operand: &Operand<'_>,
        panels: Range<usize>,
        logits: &mut Vec<f32>,
    ) -> Vec<Vec<f32>> {
        let columns = self.decoder.panel_columns();
        let (first, width) = (panels.start * columns, panels.len() * columns);
        logits.resize(operand.rows() * width, 0.0);
        let out = ViewMut::new(logits, operand.rows(), width, width);
        self.kernels.gemm(operand, &self.decoder, panels, Epilogue::Bias, out);
        // The last panel is filled up.
        let ids = width.min(self.vocabulary - first);
        let mut rest = logits.as_slice();
        let text = |text: &SparseInput<'_>| {
            let t = text.rows.rows();
            let rows = rest.split_off(..t * width).unwrap_or_default();
            let counted = counted_rows(t, text.mask);
            let weights = self.pool(ids, counted.map(|(row, _)| &rows[row * width..][..ids]));
            pairs((first..).zip(weights))
        };
        texts.iter().map(text).collect()
    }

    /// The weights of ids, from the logits of rows of tokens, each of which has one for each id. Row by row,
    /// so that the processor computes many ids at once.
    fn pool<'l>(&self, ids: usize, rows: impl Iterator<Item = &'l [f32]>) -> Vec<f32> {
        match self.splade.activation {
            SpladeActivation::Relu => self.pool_by(ids, rows, weight),
            SpladeActivation::Log1pRelu => self.pool_by(ids, rows, |logit| ln_1p(weight(logit))),
        }
    }

    fn pool_by<'l>(
        &self,
        ids: usize,
        rows: impl Iterator<Item = &'l [f32]>,
        weight: impl Fn(f32) -> f64,
    ) -> Vec<f32> {
        match self.splade.pooling {
            SpladePooling::Max => {
                // No weight is below that of a smaller logit.
                let mut largest = vec![0.0_f32; ids];
                for row in rows {
                    for (largest, &logit) in largest.iter_mut().zip(row) {
                        *largest = maximum(*largest, logit);
                    }
                }
                largest.iter_mut().for_each(|x| *x = weight(*x) as f32);
                largest
            }
            SpladePooling::Sum => {
                let mut sums = vec![0.0_f64; ids];
                for row in rows {
                    for (sum, &logit) in sums.iter_mut().zip(row) {
                        *sum += weight(logit);
                    }
                }
                sums.into_iter().map(|sum| sum as f32).collect()
            }
        }
    }
}

/// `ln(1 + max(logit, 0))`, and NaN of NaN.
fn weight(logit: f32) -> f64 {
    ln_1p(if logit <= 0.0 { 0.0 } else { logit.into() })
}

/// Texts that follow one another and have up to [`ROWS`] rows together, or one that has more.
fn groups<'g, 't>(texts: &'g [SparseInput<'t>]) -> Vec<&'g [SparseInput<'t>]> {
    let mut rows = 0;
    let together = |text: &SparseInput<'_>, next: &SparseInput<'_>| {
        rows += text.rows.rows();
        let together = rows + next.rows.rows() <= ROWS;
        rows = if together { rows } else { 0 };
        together
    };
    texts.chunk_by(together).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::model::checkpoint::Checkpoint;
    use crate::model::pooling_mask::PoolingMask;
    use crate::model::sparse::SparseHead;
    use crate::model::sparse::pairs::{id_weights, join};

    fn predictions(splade: Splade) -> Predictions {
        // 3 ids of 2 columns.
        let (weight, bias) = ([1.0, 0.0, 0.0, 1.0, -1.0, -1.0], [0.0, 0.5, 0.0]);
        let part = PackedPart { weight: &weight, bias: &bias };
        let kernels = Kernels::best();
        Predictions {
            splade,
            kernels,
            dtype: Dtype::F32,
            before: TokenLayers::pack(kernels, &[]).unwrap(),
            decoder: PackedLinear::pack(kernels, Dtype::F32, 2, &[part]).unwrap(),
            vocabulary: 3,
        }
    }

    /// The pairs of one text.
    fn row(head: &Predictions, rows: View<'_>, mask: Option<&PoolingMask>) -> Vec<f32> {
        head.rows(&[SparseInput { rows, ids: &[], mask }]).concat()
    }

    #[test]
    fn predictions_need_the_layers_that_make_them() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny/sentence");
        let mut checkpoint = Checkpoint::open(&dir).unwrap();
        let read = |checkpoint: &Checkpoint| {
            SparseHead::from_checkpoint(checkpoint, Kernels::best(), Dtype::F32, Vec::new())
        };
        assert!(read(&checkpoint).unwrap().is_none());
        checkpoint.sentence.splade = Some(Splade::default());
        let error = read(&checkpoint).unwrap_err();
        assert!(error.to_string().contains("has to name BertForMaskedLM"), "{error}");
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
            let head = predictions(Splade { pooling, activation });
            let view = View::new(&rows, 2, 2, 2);
            assert_eq!(row(&head, view, None), expected);
            // The same tokens in two windows, each with the other one's token beside its own.
            let mask = |at: usize| PoolingMask {
                counted: vec![at == 0, at == 1],
                before: at,
                total: 2,
                prompt: 0,
            };
            let windows = [0, 1].map(|at| row(&head, view, Some(&mask(at))));
            let joined = join(pooling, windows.iter().flat_map(|window| id_weights(window)));
            assert_eq!(joined.len(), expected.len());
            for (found, expected) in joined.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-6, "{found} {expected}");
            }
        }
        let none = [-1.0, -1.0];
        let found = row(&predictions(Splade::default()), View::new(&none, 1, 2, 2), None);
        assert_eq!(id_weights(&found).collect::<Vec<_>>(), [(2, ln(3.0))]);
    }
}
