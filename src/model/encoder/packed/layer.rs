//! One encoder layer: its packed weights, and its GEMMs and layer norms for a block of rows.
//!
//! Letters: `m` rows, `c` hidden size, `f` intermediate size. GEMMs write whole panels: `width` is
//! `c` rounded up to whole panels, a QKV row has `3·width` columns, and `f` is rounded up too.

use std::ops::Range;

use strata_kernels::{
    Activation, Buffer, Dtype, Epilogue, Kernels, Operand, PackedLinear, PackedPart, View, ViewMut,
};

use super::gemm::GemmConfig;
use super::layer_norm::LayerNorm;
use super::positions::LayerPositions;
use super::relative::query_scale;
use super::scratch::ThreadScratch;
use crate::model::checkpoint::spec::{LayerNorms, LayerSpec, LinearSpec};
use crate::model::checkpoint::{Checkpoint, CheckpointError};

/// The weights of a layer.
pub struct Layer {
    /// Queries, keys and values; each begins at a new panel.
    pub qkv: PackedLinear,
    /// What positions change.
    pub positions: LayerPositions,
    norms: Norms,
    attention_output: PackedLinear,
    intermediate: PackedLinear,
    gate: Option<PackedLinear>,
    output: PackedLinear,
    activation: Activation,
}

/// The norms that a layer has: see [`LayerSpec`].
struct Norms {
    before_attention: Option<LayerNorm>,
    after_attention: Option<LayerNorm>,
    before_feed_forward: Option<LayerNorm>,
    after_feed_forward: Option<LayerNorm>,
}

impl Layer {
    /// Packs the weights of a layer.
    pub fn load(
        checkpoint: &Checkpoint,
        kernels: Kernels,
        dtype: Dtype,
        spec: &LayerSpec,
        positions: LayerPositions,
    ) -> Result<Self, CheckpointError> {
        let weights = &checkpoint.weights;
        let scale = query_scale(checkpoint.config.spec.score_terms);
        let is_scaled = |linear: &LinearSpec| scale != 1.0 && *linear == spec.qkv[0];
        let pack = |linears: &[LinearSpec]| {
            let read = |linear: &LinearSpec| {
                let (mut weight, mut bias) = weights.read_linear(linear)?;
                if is_scaled(linear) {
                    let numbers = weight.to_mut().iter_mut().chain(bias.to_mut());
                    numbers.for_each(|number| *number *= scale);
                }
                Ok((weight, bias))
            };
            let read: Result<Vec<_>, CheckpointError> = linears.iter().map(read).collect();
            let read = read?;
            let parts: Vec<_> =
                read.iter().map(|(weight, bias)| PackedPart { weight, bias }).collect();
            PackedLinear::pack(kernels, dtype, linears[0].inputs, &parts)
                .map_err(|error| CheckpointError::invalid(&checkpoint.dir, error.to_string()))
        };
        let one = |linear: &LinearSpec| pack(std::slice::from_ref(linear));
        let norm = |spec| LayerNorm::load_if_any(weights, spec);
        let LayerNorms { before_attention, after_attention, .. } = &spec.norms;
        let LayerNorms { before_feed_forward, after_feed_forward, .. } = &spec.norms;
        Ok(Self {
            qkv: pack(&spec.qkv)?,
            positions,
            norms: Norms {
                before_attention: norm(before_attention.as_ref())?,
                after_attention: norm(after_attention.as_ref())?,
                before_feed_forward: norm(before_feed_forward.as_ref())?,
                after_feed_forward: norm(after_feed_forward.as_ref())?,
            },
            attention_output: one(&spec.attention_output)?,
            intermediate: one(&spec.intermediate)?,
            gate: spec.gate.as_ref().map(one).transpose()?,
            output: one(&spec.output)?,
            activation: checkpoint.config.spec.activation,
        })
    }

    /// The QKV projection: queries, keys and values `(m, 3·width)` of rows `(m, c)`, or the columns
    /// of some of its panels.
    pub fn project_qkv(
        &self,
        config: GemmConfig,
        panels: Range<usize>,
        rows: View<'_>,
        out: ViewMut<'_>,
        scratch: &mut ThreadScratch,
    ) {
        let ThreadScratch { operand, normed, .. } = scratch;
        let rows = before(self.norms.before_attention.as_ref(), config.kernels, rows, normed);
        config.gemm(&self.qkv, panels, rows, Epilogue::Bias, out, operand);
    }

    /// Everything that follows attention, in place: context and hidden rows `(m, c)` → hidden rows.
    pub fn after_attention(
        &self,
        config: GemmConfig,
        context: View<'_>,
        hidden: &mut ViewMut<'_>,
        scratch: &mut ThreadScratch,
    ) {
        let (c, kernels) = (context.columns(), config.kernels);
        let to = &self.attention_output;
        let out = hidden.reborrow();
        let operand = &mut scratch.operand;
        config.gemm(to, 0..to.panels(), context, Epilogue::Residual, out, operand);
        after(self.norms.after_attention.as_ref(), kernels, hidden, c);
        self.feed_forward(config, hidden, c, scratch);
        after(self.norms.after_feed_forward.as_ref(), kernels, hidden, c);
    }

    /// The feed-forward layers and what is added to them, in place.
    fn feed_forward(
        &self,
        config: GemmConfig,
        hidden: &mut ViewMut<'_>,
        c: usize,
        scratch: &mut ThreadScratch,
    ) {
        let ThreadScratch { operand, normed, intermediate, intermediate_operand, .. } = scratch;
        let (first, second) = (&self.intermediate, &self.output);
        let epilogue = Epilogue::Activation(self.activation);
        let (m, f) = (hidden.rows(), second.inputs());
        let rows = hidden.as_view().columns_from(0, c);
        let norm = self.norms.before_feed_forward.as_ref();
        let rows = before(norm, config.kernels, rows, normed);
        let rows = Operand::new(config.kernels, first.dtype(), rows, operand);
        let fused = if config.column_splits > 1 || self.gate.is_some() {
            None
        } else {
            config.kernels.gemm_to_operand(&rows, first, epilogue, f, intermediate_operand)
        };
        let rows = match fused {
            Some(rows) => rows,
            None => {
                let width = first.columns();
                let mut out = ViewMut::new(intermediate.grow(m * width), m, width, width);
                config.multiply(&rows, first, 0..first.panels(), epilogue, out.reborrow());
                if let Some(gate) = &self.gate {
                    config.multiply(&rows, gate, 0..gate.panels(), Epilogue::Product, out);
                }
                let rows = View::new(intermediate, m, f, width);
                Operand::new(config.kernels, second.dtype(), rows, operand)
            }
        };
        let out = hidden.reborrow();
        config.multiply(&rows, second, 0..second.panels(), Epilogue::Residual, out);
    }
}

/// The input of a layer's part: rows `(m, c)`, normalised in `normed` if there is a norm before it.
fn before<'a>(
    norm: Option<&LayerNorm>,
    kernels: Kernels,
    rows: View<'a>,
    normed: &'a mut Buffer,
) -> View<'a> {
    let Some(norm) = norm else { return rows };
    let (m, c) = (rows.rows(), rows.columns());
    let mut out = ViewMut::new(normed.grow(m * c), m, c, c);
    for row in 0..m {
        out.row_mut(row).copy_from_slice(rows.row(row));
    }
    norm.forward(kernels, out);
    View::new(normed, m, c, c)
}

/// Normalises the `c` columns of hidden rows in place, if there is a norm after a layer's part.
fn after(norm: Option<&LayerNorm>, kernels: Kernels, hidden: &mut ViewMut<'_>, c: usize) {
    if let Some(norm) = norm {
        let (rows, _) = hidden.reborrow().split_columns(c);
        norm.forward(kernels, rows);
    }
}
