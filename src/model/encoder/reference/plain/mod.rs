//! Any encoder that a spec describes, as plainly as possible over candle's tensors.
//!
//! Letters: `b` sequences, `t` tokens of the longest, `c` hidden size, `f` intermediate size, `h`
//! attention heads, `d = c/h`.

mod layer;
mod modules;
mod relative;

use std::sync::Arc;

use candle_core::{Device, Module, Tensor};
use candle_nn::{LayerNorm, Linear, VarBuilder};

use self::layer::{Layer, Surroundings};
use self::modules::{linear, norm, table};
use super::padded::PaddedBatch;
use super::stages::Stages;
use crate::model::checkpoint::spec::{EncoderSpec, PositionBias, PositionRows, RelativeRows};

/// An encoder with the tensors of a spec.
pub struct Plain {
    words: Tensor,
    positions: Option<(Tensor, PositionRows)>,
    token_types: Option<Tensor>,
    embedding_projection: Option<Linear>,
    embedding_norm: LayerNorm,
    is_norm_first: bool,
    layers: Vec<Arc<Layer>>,
    /// `(buckets, h)`
    position_bias: Option<Tensor>,
    relative_rows: Option<RelativeRows>,
    final_norm: Option<LayerNorm>,
    device: Device,
}

impl Plain {
    /// Copies the tensors.
    ///
    /// # Errors
    /// The device has not enough memory.
    pub fn load(weights: &VarBuilder<'_>, spec: &EncoderSpec) -> candle_core::Result<Self> {
        let embeddings = &spec.embeddings;
        let positions = embeddings.positions.as_ref();
        let positions = positions
            .map(|one| Ok::<_, candle_core::Error>((table(weights, &one.table)?, one.rows)));
        let distances = spec.relative.as_ref();
        let distances = distances.map(|spec| relative::embeddings(weights, spec)).transpose()?;
        let bias = spec.position_bias.as_ref().map(|bias| table(weights, &bias.table));
        let (distinct, places) = spec.distinct_layers();
        let layer = |layer| Layer::load(weights, spec, layer, distances.as_ref()).map(Arc::new);
        let layers: Vec<_> = distinct.into_iter().map(layer).collect::<candle_core::Result<_>>()?;
        Ok(Self {
            words: table(weights, &embeddings.words)?,
            positions: positions.transpose()?,
            token_types: embeddings
                .token_types
                .as_ref()
                .map(|one| table(weights, one))
                .transpose()?,
            embedding_projection: embeddings
                .projection
                .as_ref()
                .map(|spec| linear(weights, spec))
                .transpose()?,
            embedding_norm: norm(weights, &embeddings.norm)?,
            is_norm_first: embeddings.is_norm_first,
            layers: places.into_iter().map(|place| Arc::clone(&layers[place])).collect(),
            position_bias: bias.transpose()?,
            relative_rows: spec.relative.as_ref().map(|relative| relative.rows),
            final_norm: spec.final_norm.as_ref().map(|spec| norm(weights, spec)).transpose()?,
            device: weights.device().clone(),
        })
    }

    /// The row of the position table of each token, `b·t` of them.
    fn position_rows(batch: &PaddedBatch, rows: PositionRows) -> Vec<u32> {
        let sequences = batch.ids.chunks(batch.tokens).zip(&batch.lengths);
        let rows = sequences.flat_map(|(ids, &length)| {
            let own = rows.of_tokens(&ids[..length]).map(|row| row as u32);
            // What padding has is never read.
            own.chain(std::iter::repeat(0)).take(ids.len())
        });
        rows.collect()
    }

    /// The bias of attention scores, `(1,h,t,t)`.
    fn bias(&self, t: usize) -> candle_core::Result<Option<Tensor>> {
        let Some(table) = &self.position_bias else { return Ok(None) };
        let bucket = |query: usize, key: usize| {
            PositionBias::bucket(key.cast_signed() - query.cast_signed()) as u32
        };
        let buckets: Vec<u32> =
            (0..t).flat_map(|query| (0..t).map(move |key| bucket(query, key))).collect();
        let rows = table.index_select(&Tensor::from_vec(buckets, t * t, &self.device)?, 0)?;
        let heads = table.dim(1)?;
        Ok(Some(rows.t()?.contiguous()?.reshape((1, heads, t, t))?))
    }
}

impl Stages for Plain {
    fn embed(&self, batch: &PaddedBatch) -> candle_core::Result<Tensor> {
        let look_up = |table: &Tensor, rows: &[u32]| {
            let rows = Tensor::from_slice(rows, rows.len(), &self.device)?;
            table.index_select(&rows, 0)
        };
        let mut sum = look_up(&self.words, &batch.ids)?;
        if let Some(table) = &self.token_types {
            sum = (sum + look_up(table, &batch.type_ids)?)?;
        }
        if let Some((table, rows)) = &self.positions {
            sum = (sum + look_up(table, &Self::position_rows(batch, *rows))?)?;
        }
        if self.is_norm_first {
            sum = self.embedding_norm.forward(&sum)?;
        }
        if let Some(projection) = &self.embedding_projection {
            sum = projection.forward(&sum)?;
        }
        if !self.is_norm_first {
            sum = self.embedding_norm.forward(&sum)?;
        }
        let c = sum.dim(1)?;
        sum.reshape((batch.lengths.len(), batch.tokens, c))
    }

    fn layers(
        &self,
        batch: &PaddedBatch,
        mut hidden: Tensor,
        depth: usize,
        read: &mut dyn FnMut(usize, &Tensor) -> candle_core::Result<()>,
    ) -> candle_core::Result<()> {
        let bias = self.bias(batch.tokens)?;
        let rows = self.relative_rows.map(|rows| relative::rows(rows, batch.tokens, &self.device));
        let mut surroundings = Surroundings::new(batch, bias, rows.transpose()?, &self.device);
        for (index, layer) in self.layers.iter().take(depth).enumerate() {
            hidden = layer.forward(&hidden, &mut surroundings)?;
            match self.final_norm.as_ref().filter(|_| index + 1 == self.layers.len()) {
                Some(norm) => read(index + 1, &norm.forward(&hidden)?)?,
                None => read(index + 1, &hidden)?,
            }
        }
        Ok(())
    }
}
