//! The embedding stage: a sum of rows of tables, then layer norm.

use strata_kernels::{Kernels, ViewMut};

use super::layer_norm::LayerNorm;
use crate::model::checkpoint::spec::{EmbeddingSpec, PositionRows};
use crate::model::checkpoint::{CheckpointError, Table, Weights};
use crate::sequence::Sequence;

/// The tables of the embedding stage. They stay in their file, since only few rows of the word
/// table are read.
pub struct Embeddings {
    words: Table,
    token_types: Option<Table>,
    positions: Option<(Table, PositionRows)>,
    norm: LayerNorm,
}

impl Embeddings {
    /// Finds the tables of a checkpoint.
    pub fn load(weights: &Weights, spec: &EmbeddingSpec) -> Result<Self, CheckpointError> {
        let token_types = spec.token_types.as_ref().map(|table| weights.table(table));
        let positions = spec.positions.as_ref().map(|positions| {
            let table = weights.table(&positions.table)?;
            Ok::<_, CheckpointError>((table, positions.rows))
        });
        Ok(Self {
            words: weights.table(&spec.words)?,
            token_types: token_types.transpose()?,
            positions: positions.transpose()?,
            norm: LayerNorm::load(weights, &spec.norm)?,
        })
    }

    /// The tokens of a sequence → `out`, `(t, c)`.
    ///
    /// # Panics
    /// An id, a type or a position is beyond its table.
    pub fn forward(&self, kernels: Kernels, sequence: &Sequence, mut out: ViewMut<'_>) {
        let Sequence { ids, type_ids } = sequence;
        for (token, (&id, &type_id)) in ids.iter().zip(type_ids).enumerate() {
            let row = out.row_mut(token);
            row.fill(0.0);
            self.words.add_row(id as usize, row);
            if let Some(table) = &self.token_types {
                table.add_row(type_id as usize, row);
            }
        }
        if let Some((table, rows)) = &self.positions {
            for (token, position) in rows.of_tokens(ids).enumerate() {
                table.add_row(position, out.row_mut(token));
            }
        }
        self.norm.forward(kernels, out);
    }
}
