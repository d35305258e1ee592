//! What distance and the content of one token add to attention scores.
//!
//! Letters: `r` embeddings of distances; the others as in [`plain`](super).

use candle_core::{D, Device, Module, Tensor};
use candle_nn::VarBuilder;

use super::modules::{linear, norm, table};
use crate::model::checkpoint::spec::{
    EncoderSpec, LayerSpec, LinearSpec, RelativePositions, RelativeRows,
};

/// The embeddings of distances, normalised, `(r,c)`.
pub fn embeddings(
    weights: &VarBuilder<'_>,
    spec: &RelativePositions,
) -> candle_core::Result<Tensor> {
    let table = table(weights, &spec.table)?;
    spec.norm.as_ref().map_or(Ok(table.clone()), |spec| norm(weights, spec)?.forward(&table))
}

/// The embeddings of distances as a layer projects them, `(1,h,d,r)` each.
pub struct Projected {
    /// Keys of distances, for queries.
    keys: Option<Tensor>,
    /// Queries of distances, for keys.
    queries: Option<Tensor>,
}

impl Projected {
    /// Projects the embeddings for a layer, if it does that.
    pub fn load(
        weights: &VarBuilder<'_>,
        encoder: &EncoderSpec,
        layer: &LayerSpec,
        embeddings: Option<&Tensor>,
    ) -> candle_core::Result<Option<Self>> {
        let (Some(embeddings), Some(spec)) = (embeddings, &layer.relative) else { return Ok(None) };
        let project = |spec: &LinearSpec| {
            let rows = linear(weights, spec)?.forward(embeddings)?;
            let (r, c) = rows.dims2()?;
            let h = encoder.attention_heads;
            // (r,c) → (1,h,d,r)
            rows.t()?.contiguous()?.reshape((1, h, c / h, r))
        };
        Ok(Some(Self {
            keys: spec.keys.as_ref().map(project).transpose()?,
            queries: spec.queries.as_ref().map(project).transpose()?,
        }))
    }

    /// Scores `(b,h,t,t)` with what is added to them, of queries and keys `(b,h,t,d)`; `rows` are those
    /// of the embeddings, `(t,t)`.
    pub fn add(
        &self,
        scores: Tensor,
        query: &Tensor,
        key: &Tensor,
        rows: &Tensor,
    ) -> candle_core::Result<Tensor> {
        // (b,h,t,d)·(1,h,d,r) → (b,h,t,r) → (b,h,t,t)
        let choose = |tokens: &Tensor, projected: &Tensor, rows: &Tensor| {
            let rows = rows.broadcast_as(scores.shape())?.contiguous()?;
            tokens.broadcast_matmul(projected)?.contiguous()?.gather(&rows, D::Minus1)
        };
        let mut sum = scores.clone();
        if let Some(projected) = &self.keys {
            sum = (sum + choose(query, projected, rows)?)?;
        }
        if let Some(projected) = &self.queries {
            sum = (sum + choose(key, projected, &rows.t()?)?.transpose(2, 3)?)?;
        }
        Ok(sum)
    }
}

/// The row of each query and key, `(t,t)`.
pub fn rows(rows: RelativeRows, t: usize, device: &Device) -> candle_core::Result<Tensor> {
    let row = |query: usize, key: usize| rows.row(query.cast_signed() - key.cast_signed()) as u32;
    let all: Vec<u32> = (0..t).flat_map(|query| (0..t).map(move |key| row(query, key))).collect();
    Tensor::from_vec(all, (t, t), device)
}
