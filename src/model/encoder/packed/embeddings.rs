//! The embedding stage: the sum of word, token type and position embeddings, then layer norm.

use strata_kernels::{Kernels, ViewMut};

use super::layer_norm::LayerNorm;
use crate::model::checkpoint::{Checkpoint, CheckpointError, Table, tensors};
use crate::sequence::Sequence;

/// The tables of the embedding stage. They stay in their file, since only few rows of the word
/// table are read.
pub struct Embeddings {
    words: Table,
    token_types: Table,
    positions: Table,
    norm: LayerNorm,
}

impl Embeddings {
    /// Finds the tables of a checkpoint.
    pub fn load(checkpoint: &Checkpoint) -> Result<Self, CheckpointError> {
        let (config, weights) = (&checkpoint.config, &checkpoint.weights);
        let table = |name: &str, rows| weights.table(name, rows, config.hidden_size);
        Ok(Self {
            words: table(tensors::WORD_EMBEDDINGS, config.vocab_size)?,
            token_types: table(tensors::TOKEN_TYPE_EMBEDDINGS, config.token_types)?,
            positions: table(tensors::POSITION_EMBEDDINGS, config.positions)?,
            norm: LayerNorm::load(checkpoint, tensors::EMBEDDING_NORM)?,
        })
    }

    /// The tokens of a sequence → `out`, `(t, c)`.
    ///
    /// # Panics
    /// An id, a type or a position is beyond its table.
    pub fn forward(&self, kernels: Kernels, sequence: &Sequence, mut out: ViewMut<'_>) {
        let tokens = sequence.ids.iter().zip(&sequence.type_ids);
        for (position, (&id, &type_id)) in tokens.enumerate() {
            let row = out.row_mut(position);
            row.fill(0.0);
            self.words.add_row(id as usize, row);
            self.token_types.add_row(type_id as usize, row);
            self.positions.add_row(position, row);
        }
        self.norm.forward(kernels, out);
    }
}
