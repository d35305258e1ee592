//! What distance and the content of one token add to attention scores.
//!
//! Letters: `r` embeddings of distances, `t` tokens of a sequence, `n` of its queries, `c` hidden size,
//! `d` columns of an attention head.
//!
//! The embeddings are projected when the encoder is loaded. A pass multiplies, for each attention head,
//! queries with the keys of distances, `(n,d)·(d,r) → (n,r)`, and keys with the queries of distances,
//! `(t,d)·(d,r) → (t,r)`: of these only the columns for distances in the sequence. The attention kernel
//! looks up a number in each for every query and key. So memory grows with the tokens and not with their
//! square.

use std::sync::Arc;

use strata_kernels::{
    Buffer, DistanceColumns, Dtype, Epilogue, F32Products, Kernels, Operand, OperandScratch,
    PackedLinear, PackedPart, TokenScores, View, ViewMut,
};

use super::layer_norm::LayerNorm;
use crate::model::checkpoint::spec::{LayerSpec, LinearSpec, RelativePositions};
use crate::model::checkpoint::{Checkpoint, CheckpointError};

/// Numbers between the rows of a table: without them, rows would often lie a power of two apart, and the
/// numbers of several queries in few sets of the first-level cache.
const LINE: usize = 16;

/// The embeddings of distances.
pub struct DistanceEmbeddings {
    /// `(r, c)`, normalised.
    rows: Vec<f32>,
    columns: Arc<DistanceColumns>,
}

/// The embeddings of distances as a layer projects them, for each attention head `(d) → (r)`.
pub struct RelativeLayer {
    /// Keys of distances, for queries.
    keys: Option<Vec<PackedLinear>>,
    /// Queries of distances, for keys.
    queries: Option<Vec<PackedLinear>>,
    columns: Arc<DistanceColumns>,
}

/// The working memory of one thread.
#[derive(Default)]
pub struct RelativeScratch {
    operand: OperandScratch,
    of_queries: Buffer,
    of_keys: Buffer,
}

/// The factor of queries, with which a score is divided by the root of how many products it is the sum of.
pub fn query_scale(score_terms: usize) -> f32 {
    (1.0 / (score_terms as f64).sqrt()) as f32
}

impl DistanceEmbeddings {
    /// Reads the table.
    pub fn load(
        checkpoint: &Checkpoint,
        kernels: Kernels,
        spec: &RelativePositions,
    ) -> Result<Self, CheckpointError> {
        let (r, c) = (spec.table.rows, spec.table.columns);
        let mut rows = checkpoint.weights.read(&spec.table.name, &[r, c])?.into_owned();
        if let Some(norm) = LayerNorm::load_if_any(&checkpoint.weights, spec.norm.as_ref())? {
            norm.forward(kernels, ViewMut::new(&mut rows, r, c, c));
        }
        let farthest = checkpoint.config.max_tokens - 1;
        let columns = DistanceColumns::new(farthest, |distance| spec.rows.row(distance));
        Ok(Self { rows, columns: Arc::new(columns) })
    }

    /// Projects them for a layer, if it does that.
    pub fn project(
        &self,
        checkpoint: &Checkpoint,
        kernels: Kernels,
        dtype: Dtype,
        layer: &LayerSpec,
    ) -> Result<Option<RelativeLayer>, CheckpointError> {
        let Some(spec) = &layer.relative else { return Ok(None) };
        let scale = query_scale(checkpoint.config.spec.score_terms);
        let project = |linear: &LinearSpec, scale: f32| {
            self.project_one(checkpoint, kernels, dtype, linear, scale)
        };
        let keys = spec.keys.as_ref().map(|linear| project(linear, 1.0));
        let queries = spec.queries.as_ref().map(|linear| project(linear, scale));
        Ok(Some(RelativeLayer {
            keys: keys.transpose()?,
            queries: queries.transpose()?,
            columns: Arc::clone(&self.columns),
        }))
    }

    /// One projection of them, times a factor, `(d) → (r)` for each attention head.
    fn project_one(
        &self,
        checkpoint: &Checkpoint,
        kernels: Kernels,
        dtype: Dtype,
        linear: &LinearSpec,
        scale: f32,
    ) -> Result<Vec<PackedLinear>, CheckpointError> {
        let invalid =
            |error: std::io::Error| CheckpointError::invalid(&checkpoint.dir, error.to_string());
        let (heads, c) = (checkpoint.config.attention_heads, linear.inputs);
        let (d, r) = (c / heads, self.rows.len() / c);
        let (weight, bias) = checkpoint.weights.read_linear(linear)?;
        // The name of the numerics of reduced dtypes doesn't say which products f32 has.
        let exact = kernels.with_f32_products(F32Products::Fma).unwrap_or(kernels);
        let parts = [PackedPart { weight: &weight, bias: &bias }];
        let packed = PackedLinear::pack(exact, Dtype::F32, c, &parts).map_err(invalid)?;
        let width = packed.columns();
        let mut projected = vec![0.0; r * width];
        let out = ViewMut::new(&mut projected, r, width, width);
        let mut scratch = OperandScratch::default();
        let rows = View::new(&self.rows, r, c, c);
        let operand = Operand::new(exact, Dtype::F32, rows, &mut scratch);
        exact.gemm(&operand, &packed, 0..packed.panels(), Epilogue::Bias, out);
        let dtype = if dtype == Dtype::F32 { Dtype::F32 } else { Dtype::Bf16 };
        let of_head = |head: usize| {
            let rows = projected.chunks_exact(width).flat_map(|row| &row[head * d..][..d]);
            let weight: Vec<f32> = rows.map(|number| number * scale).collect();
            let part = PackedPart { weight: &weight, bias: &vec![0.0; r] };
            PackedLinear::pack(kernels, dtype, d, &[part]).map_err(invalid)
        };
        (0..heads).map(of_head).collect()
    }
}

impl RelativeLayer {
    /// What is added to the scores of an attention head: of queries `(n,d)`, the first of which is at
    /// place `first_query`, and keys `(t,d)`.
    pub fn scores<'s>(
        &'s self,
        kernels: Kernels,
        head: usize,
        first_query: usize,
        [queries, keys]: [View<'_>; 2],
        scratch: &'s mut RelativeScratch,
    ) -> Option<TokenScores<'s>> {
        if queries.rows() == 0 {
            return None;
        }
        let range = self.columns.range(first_query, queries.rows(), keys.rows());
        let all = [self.keys.as_ref(), self.queries.as_ref()];
        let all = all.map(|projected| projected.map(|heads| &heads[head]));
        let panel = all.iter().flatten().next()?.panel_columns();
        let panels = range.start / panel..range.end.div_ceil(panel);
        let columns = panels.len() * panel;
        let stride = columns + LINE;
        let RelativeScratch { operand, of_queries, of_keys } = scratch;
        let mut multiply = |tokens: View<'_>, projected: &PackedLinear, out: &mut Buffer| {
            let rows = tokens.rows();
            let operand = Operand::new(kernels, projected.dtype(), tokens, operand);
            let out = ViewMut::new(out.grow(rows * stride), rows, columns, stride);
            kernels.gemm(&operand, projected, panels.clone(), Epilogue::Bias, out);
        };
        let [keys_of_distances, queries_of_distances] = all;
        if let Some(projected) = keys_of_distances {
            multiply(queries, projected, of_queries);
        }
        if let Some(projected) = queries_of_distances {
            multiply(keys, projected, of_keys);
        }
        let table = |projected: Option<_>, numbers: &'s Buffer, rows: usize| {
            projected.map(|_: &PackedLinear| View::new(numbers, rows, columns, stride))
        };
        Some(TokenScores {
            queries: table(keys_of_distances, of_queries, queries.rows()),
            keys: table(queries_of_distances, of_keys, keys.rows()),
            first_column: panels.start * panel,
            columns: &self.columns,
        })
    }
}
