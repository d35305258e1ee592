//! Weights from the predictions of a masked language model: SPLADE (Formal et al. 2021,
//! arXiv:2109.10086). Letters: `t` tokens, `c` hidden size, `e` columns of a word embedding.

use std::ops::Range;

use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};
use strata_kernels::{
    Dtype, Epilogue, Kernels, Operand, OperandScratch, PackedLinear, PackedPart, View, ViewMut,
};

use super::input::SparseInput;
use super::pairs::pairs;
use super::pool::pool;
use crate::model::checkpoint::spec::PredictionSpec;
use crate::model::checkpoint::{CheckpointError, Splade, Weights};
use crate::model::pooling_mask::counted_rows;
use crate::model::token_layers::TokenLayers;

/// The most rows of texts that are computed together.
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
            None => vec![0.0; vocabulary].into(),
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
            let rows = counted.map(|(row, _)| &rows[row * width..][..ids]);
            let weights = pool(self.splade, ids, rows);
            pairs((first..).zip(weights))
        };
        texts.iter().map(text).collect()
    }
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
    use crate::model::checkpoint::{Checkpoint, SpladeActivation, SpladePooling};
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

    #[test]
    fn texts_that_are_computed_together_have_the_rows_of_each_by_itself() {
        let head = predictions(Splade::default());
        let counted = (0..10).map(|row| row % 3 == 1).collect();
        let mask = PoolingMask { counted, before: 4, total: 7, prompt: 0 };
        // Two groups, a text that is one by itself, and another group.
        let sizes = [200, 56, 60, 300, 10, 5];
        let numbers = sizes.map(|t| -> Vec<f32> {
            (0..2 * t).map(|i| ((t + 7 * i) as f32 * 0.7).sin()).collect()
        });
        let texts: Vec<SparseInput<'_>> = numbers
            .iter()
            .zip(sizes)
            .map(|(numbers, t)| SparseInput {
                rows: View::new(numbers, t, 2, 2),
                ids: &[],
                mask: (t == 10).then_some(&mask),
            })
            .collect();
        let lengths: Vec<usize> = groups(&texts).into_iter().map(<[_]>::len).collect();
        assert_eq!(lengths, [2, 1, 1, 2]);
        for (text, together) in texts.iter().zip(head.rows(&texts)) {
            assert!(!together.is_empty());
            assert_eq!(together, row(&head, text.rows, text.mask));
        }
    }
}
