//! The embedding stage: a sum of rows of tables, layer norm, and a projection if the tables are narrower.

use strata_kernels::{
    Dtype, Epilogue, F32Products, Kernels, Operand, OperandScratch, PackedLinear, PackedPart, View,
    ViewMut,
};

use super::layer_norm::LayerNorm;
use crate::model::checkpoint::spec::{LinearSpec, PositionRows};
use crate::model::checkpoint::{Checkpoint, CheckpointError, Table};
use crate::sequence::Sequence;

/// The tables of the embedding stage. They stay in their file, since only few rows of the word
/// table are read.
pub struct Embeddings {
    words: Table,
    token_types: Option<Table>,
    positions: Option<(Table, PositionRows)>,
    projection: Option<Projection>,
    norm: LayerNorm,
    is_norm_first: bool,
}

/// A projection `(e) → (c)`, in f32 whatever the dtype.
struct Projection {
    kernels: Kernels,
    linear: PackedLinear,
}

impl Projection {
    fn load(
        checkpoint: &Checkpoint,
        kernels: Kernels,
        spec: &LinearSpec,
    ) -> Result<Self, CheckpointError> {
        // The name of the numerics of reduced dtypes doesn't say which products f32 has.
        let kernels = kernels.with_f32_products(F32Products::Fma).unwrap_or(kernels);
        let (weight, bias) = checkpoint.weights.read_linear(spec)?;
        let parts = [PackedPart { weight: &weight, bias: &bias }];
        let linear = PackedLinear::pack(kernels, Dtype::F32, spec.inputs, &parts)
            .map_err(|error| CheckpointError::invalid(&checkpoint.dir, error.to_string()))?;
        Ok(Self { kernels, linear })
    }

    /// `(t, e)` → `out`, `(t, c)`.
    fn forward(&self, rows: View<'_>, mut out: ViewMut<'_>) {
        let (t, width) = (rows.rows(), self.linear.columns());
        let mut wide = vec![0.0; t * width];
        let mut scratch = OperandScratch::default();
        let operand = Operand::new(self.kernels, Dtype::F32, rows, &mut scratch);
        let view = ViewMut::new(&mut wide, t, width, width);
        self.kernels.gemm(&operand, &self.linear, 0..self.linear.panels(), Epilogue::Bias, view);
        for (row, from) in wide.chunks_exact(width).enumerate() {
            let to = out.row_mut(row);
            to.copy_from_slice(&from[..to.len()]);
        }
    }
}

impl Embeddings {
    /// Finds the tables of a checkpoint.
    pub fn load(checkpoint: &Checkpoint, kernels: Kernels) -> Result<Self, CheckpointError> {
        let (weights, spec) = (&checkpoint.weights, &checkpoint.config.spec.embeddings);
        let token_types = spec.token_types.as_ref().map(|table| weights.table(table));
        let positions = spec.positions.as_ref().map(|positions| {
            let table = weights.table(&positions.table)?;
            Ok::<_, CheckpointError>((table, positions.rows))
        });
        let projection = spec.projection.as_ref();
        let projection = projection.map(|spec| Projection::load(checkpoint, kernels, spec));
        Ok(Self {
            words: weights.table(&spec.words)?,
            token_types: token_types.transpose()?,
            positions: positions.transpose()?,
            projection: projection.transpose()?,
            norm: LayerNorm::load(weights, &spec.norm)?,
            is_norm_first: spec.is_norm_first,
        })
    }

    /// The tokens of a sequence → `out`, `(t, c)`.
    ///
    /// # Panics
    /// An id, a type or a position is beyond its table.
    pub fn forward(&self, kernels: Kernels, sequence: &Sequence, mut out: ViewMut<'_>) {
        let Some(projection) = &self.projection else {
            self.sum(sequence, out.reborrow());
            return self.norm.forward(kernels, out);
        };
        let (t, e) = (sequence.tokens(), projection.linear.inputs());
        let mut narrow = vec![0.0; t * e];
        self.sum(sequence, ViewMut::new(&mut narrow, t, e, e));
        if self.is_norm_first {
            self.norm.forward(kernels, ViewMut::new(&mut narrow, t, e, e));
        }
        projection.forward(View::new(&narrow, t, e, e), out.reborrow());
        if !self.is_norm_first {
            self.norm.forward(kernels, out);
        }
    }

    /// The sum of the rows of the tables, `(t, e)`.
    fn sum(&self, sequence: &Sequence, mut out: ViewMut<'_>) {
        let Sequence { ids, type_ids, .. } = sequence;
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
    }
}
