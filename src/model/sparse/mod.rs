//! Sparse rows: a weight for each id of the vocabulary that has one.
//!
//! A row is kept as pairs of numbers, an id and its weight, one after another: ids ascend, and those of
//! weight 0 are left out. Letters: `t` tokens, `c` hidden size, `v` ids of the vocabulary.

mod input;
mod lexical;
mod logarithm;
mod pairs;
mod pool;
mod predictions;

use std::sync::Arc;

use strata_kernels::{Dtype, Kernels};

use self::lexical::Lexical;
use self::pairs::join;
use self::predictions::Predictions;
use super::checkpoint::{Checkpoint, CheckpointError, Splade, SpladePooling};

pub use self::input::SparseInput;
pub use self::pairs::id_weights;

/// The most ids of a vocabulary: each is exact in f32.
const MOST_IDS: usize = 1 << f32::MANTISSA_DIGITS;

/// From the last hidden state `(t,c)` to a sparse row `(v)`.
pub struct SparseHead {
    /// The hidden state that it reads.
    layer: usize,
    vocabulary: usize,
    method: Method,
}

/// Where weights come from.
enum Method {
    /// From what a masked language model predicts at each token: SPLADE.
    Predictions(Predictions),
    /// From the tokens of the text themselves, as in bge-m3.
    Lexical(Lexical),
}

impl std::fmt::Debug for SparseHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SparseHead").field("splade", &self.splade()).finish_non_exhaustive()
    }
}

impl SparseHead {
    /// What makes sparse rows of a checkpoint's hidden states, if it has that. The layer over the
    /// vocabulary is computed in f32 if the encoder's `dtype` is f32, and otherwise in bf16. Of the
    /// tokens of a text, those with the ids `weightless` have no weight of their own.
    ///
    /// # Errors
    /// Layers are missing, a tensor can't be read, or there is not enough memory.
    pub fn from_checkpoint(
        checkpoint: &Checkpoint,
        kernels: Kernels,
        dtype: Dtype,
        weightless: Vec<u32>,
    ) -> Result<Option<Arc<Self>>, CheckpointError> {
        let invalid = |message| CheckpointError::invalid(&checkpoint.dir, message);
        let (vocabulary, method) = match (checkpoint.sparse()?, &checkpoint.sentence.token_weight) {
            (Some((splade, prediction)), _) => {
                let (rows, weights) = (prediction.decoder.rows, &checkpoint.weights);
                let predictions = Predictions::read(splade, prediction, weights, kernels, dtype)?;
                (rows, Method::Predictions(predictions))
            }
            (None, Some(weight)) => {
                let lexical = Lexical::new(weight, weightless, kernels)
                    .map_err(|error| invalid(error.to_string()))?;
                (checkpoint.config.vocab_size, Method::Lexical(lexical))
            }
            (None, None) => return Ok(None),
        };
        if vocabulary > MOST_IDS {
            return Err(invalid(format!(
                "a vocabulary of {vocabulary} ids; sparse rows have at most {MOST_IDS}"
            )));
        }
        Ok(Some(Arc::new(Self { layer: checkpoint.config.layers, vocabulary, method })))
    }

    /// How rows are made of predictions, if they are.
    pub fn splade(&self) -> Option<Splade> {
        match &self.method {
            Method::Predictions(predictions) => Some(predictions.splade()),
            Method::Lexical(_) => None,
        }
    }

    /// The hidden state that it reads.
    pub fn layer(&self) -> usize {
        self.layer
    }

    /// Columns of a row: `v`.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// The pairs of each text.
    pub fn rows(&self, texts: &[SparseInput<'_>]) -> Vec<Vec<f32>> {
        match &self.method {
            Method::Predictions(predictions) => predictions.rows(texts),
            Method::Lexical(lexical) => texts.iter().map(|text| lexical.row(text)).collect(),
        }
    }

    /// The pairs of a text, from those of its windows.
    pub fn join(&self, windows: &[&[f32]]) -> Vec<f32> {
        let pooling = self.splade().map_or(SpladePooling::Max, |splade| splade.pooling);
        join(pooling, windows.iter().flat_map(|window| id_weights(window)))
    }
}
