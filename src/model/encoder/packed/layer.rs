//! One encoder layer: its packed weights, and its GEMMs and layer norms for a block of rows.
//!
//! Letters: `m` rows, `c` hidden size, `f` intermediate size. GEMMs write whole panels: `width` is
//! `c` rounded up to whole panels, a QKV row has `3·width` columns, and `f` is rounded up too.

use std::ops::Range;

use strata_kernels::{
    Activation, Dtype, Epilogue, Kernels, Operand, OperandScratch, PackedLinear, PackedPart, View,
    ViewMut,
};

use super::gemm::GemmConfig;
use super::layer_norm::LayerNorm;
use super::scratch::ThreadScratch;
use crate::model::checkpoint::{Checkpoint, CheckpointError, tensors};

/// The weights of a layer.
pub struct Layer {
    /// Queries, keys and values; each begins at a new panel.
    pub qkv: PackedLinear,
    attention_output: PackedLinear,
    attention_norm: LayerNorm,
    intermediate: PackedLinear,
    output: PackedLinear,
    output_norm: LayerNorm,
    activation: Activation,
}

impl Layer {
    /// Packs the weights of layer `index`, counted from 0.
    pub fn load(
        checkpoint: &Checkpoint,
        kernels: Kernels,
        dtype: Dtype,
        index: usize,
    ) -> Result<Self, CheckpointError> {
        let config = &checkpoint.config;
        let (c, f) = (config.hidden_size, config.intermediate_size);
        let linear = |modules: &[&str], inputs: usize, outputs: usize| {
            let mut read_parts = Vec::new();
            for module in modules {
                let module = tensors::layer_module(index, module);
                let read = |tensor: &str, shape: &[usize]| {
                    checkpoint.weights.read(&format!("{module}.{tensor}"), shape)
                };
                read_parts.push((read("weight", &[outputs, inputs])?, read("bias", &[outputs])?));
            }
            let parts: Vec<_> =
                read_parts.iter().map(|(weight, bias)| PackedPart { weight, bias }).collect();
            PackedLinear::pack(kernels, dtype, inputs, &parts)
                .map_err(|error| CheckpointError::invalid(&checkpoint.dir, error.to_string()))
        };
        let norm =
            |module: &str| LayerNorm::load(checkpoint, &tensors::layer_module(index, module));
        let qkv = [tensors::QUERY, tensors::KEY, tensors::VALUE];
        Ok(Self {
            qkv: linear(&qkv, c, c)?,
            attention_output: linear(&[tensors::ATTENTION_OUTPUT], c, c)?,
            attention_norm: norm(tensors::ATTENTION_NORM)?,
            intermediate: linear(&[tensors::INTERMEDIATE], c, f)?,
            output: linear(&[tensors::OUTPUT], f, c)?,
            output_norm: norm(tensors::OUTPUT_NORM)?,
            activation: config.activation,
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
        scratch: &mut OperandScratch,
    ) {
        config.gemm(&self.qkv, panels, rows, Epilogue::Bias, out, scratch);
    }

    /// Everything that follows attention, in place: context and hidden rows `(m, c)` → hidden rows.
    pub fn after_attention(
        &self,
        config: GemmConfig,
        context: View<'_>,
        hidden: &mut ViewMut<'_>,
        scratch: &mut ThreadScratch,
    ) {
        let ThreadScratch { operand, intermediate, intermediate_operand, .. } = scratch;
        let (m, c) = (context.rows(), context.columns());
        let all_panels = |linear: &PackedLinear| 0..linear.panels();

        let to = &self.attention_output;
        let out = hidden.reborrow();
        config.gemm(to, all_panels(to), context, Epilogue::Residual, out, operand);
        let (narrow, _) = hidden.reborrow().split_columns(c);
        self.attention_norm.forward(config.kernels, narrow);

        let (f, width) = (self.output.inputs(), self.intermediate.columns());
        let rows = hidden.as_view().columns_from(0, c);
        let rows = Operand::new(config.kernels, self.intermediate.dtype(), rows, operand);
        let (first, second) = (&self.intermediate, &self.output);
        let epilogue = Epilogue::Activation(self.activation);
        let fused = if config.column_splits > 1 {
            None
        } else {
            config.kernels.gemm_to_operand(&rows, first, epilogue, f, intermediate_operand)
        };
        let rows = match fused {
            Some(rows) => rows,
            None => {
                let out = ViewMut::new(intermediate.grow(m * width), m, width, width);
                config.multiply(&rows, first, all_panels(first), epilogue, out);
                let rows = View::new(intermediate, m, f, width);
                Operand::new(config.kernels, second.dtype(), rows, operand)
            }
        };
        let out = hidden.reborrow();
        config.multiply(&rows, second, all_panels(second), Epilogue::Residual, out);
        let (narrow, _) = hidden.reborrow().split_columns(c);
        self.output_norm.forward(config.kernels, narrow);
    }
}
