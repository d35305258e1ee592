//! One encoder layer: its weights, packed, and what it makes of a block of rows.
//!
//! Letters: `m` rows, `c` hidden size, `f` intermediate size. Rows of numbers are padded to whole
//! panels: `width` is `c`, `3·width` and `f` are what products write.

use std::ops::Range;

use rayon::prelude::*;
use strata_kernels::{
    Activation, Dtype, Epilogue, Kernels, Operand, OperandScratch, PackedLinear, PackedPart, View,
    ViewMut,
};

use super::norm::Norm;
use super::scratch::{Worker, grow};
use crate::model::checkpoint::{Checkpoint, CheckpointError};

/// Weights in the order in which tiles read them.
pub struct Layer {
    /// Queries, keys and values, each from a panel of its own on.
    pub qkv: PackedLinear,
    attention_output: PackedLinear,
    attention_norm: Norm,
    intermediate: PackedLinear,
    output: PackedLinear,
    output_norm: Norm,
    activation: Activation,
}

/// How a block of rows is computed.
#[derive(Clone, Copy)]
pub struct How {
    /// With what.
    pub kernels: Kernels,
    /// In how many parts each product's columns are computed at once; 1 where rows are many and
    /// each thread has some of its own.
    pub column_parts: usize,
}

impl Layer {
    /// Packs the weights of layer `at`, counted from 0.
    pub fn load(
        checkpoint: &Checkpoint,
        kernels: Kernels,
        dtype: Dtype,
        at: usize,
    ) -> Result<Self, CheckpointError> {
        let config = &checkpoint.config;
        let (c, f) = (config.hidden_size, config.intermediate_size);
        let at = format!("encoder.layer.{at}");
        let linear = |names: &[&str], (k, n): (usize, usize)| {
            let mut tensors = Vec::new();
            for name in names {
                let read = |of: &str, shape: &[usize]| {
                    checkpoint.weights.read(&format!("{at}.{name}.{of}"), shape)
                };
                tensors.push((read("weight", &[n, k])?, read("bias", &[n])?));
            }
            let parts: Vec<_> =
                tensors.iter().map(|(weight, bias)| PackedPart { weight, bias }).collect();
            PackedLinear::pack(kernels, dtype, k, &parts)
                .map_err(|error| CheckpointError::invalid(&checkpoint.dir, error.to_string()))
        };
        let heads = ["attention.self.query", "attention.self.key", "attention.self.value"];
        Ok(Self {
            qkv: linear(&heads, (c, c))?,
            attention_output: linear(&["attention.output.dense"], (c, c))?,
            attention_norm: Norm::load(checkpoint, &format!("{at}.attention.output.LayerNorm"))?,
            intermediate: linear(&["intermediate.dense"], (c, f))?,
            output: linear(&["output.dense"], (f, c))?,
            output_norm: Norm::load(checkpoint, &format!("{at}.output.LayerNorm"))?,
            activation: config.activation,
        })
    }

    /// Queries, keys and values `(m, 3·width)` of rows `(m, c)`, or the columns of some panels.
    pub fn heads(
        &self,
        how: How,
        panels: Range<usize>,
        rows: View<'_>,
        out: ViewMut<'_>,
        scratch: &mut OperandScratch,
    ) {
        product(how, &self.qkv, panels, rows, Epilogue::Bias, out, scratch);
    }

    /// All that follows attention, in place: context and hidden rows `(m, c)` → hidden rows.
    pub fn after_attention(
        &self,
        how: How,
        context: View<'_>,
        hidden: &mut ViewMut<'_>,
        worker: &mut Worker,
    ) {
        let Worker { operand, intermediate, .. } = worker;
        let (m, c) = (context.rows(), context.columns());
        let all = |linear: &PackedLinear| 0..linear.panels();

        let to = &self.attention_output;
        product(how, to, all(to), context, Epilogue::Residual, hidden.reborrow(), operand);
        let (narrow, _) = hidden.reborrow().split_columns(c);
        self.attention_norm.forward(how.kernels, narrow);

        let (f, width) = (self.output.inputs(), self.intermediate.columns());
        let intermediate = grow(intermediate, m * width);
        let to = &self.intermediate;
        let out = ViewMut::new(intermediate, m, width, width);
        let rows = hidden.as_view().columns_from(0, c);
        product(how, to, all(to), rows, Epilogue::Activation(self.activation), out, operand);

        let rows = View::new(intermediate, m, f, width);
        let to = &self.output;
        product(how, to, all(to), rows, Epilogue::Residual, hidden.reborrow(), operand);
        let (narrow, _) = hidden.reborrow().split_columns(c);
        self.output_norm.forward(how.kernels, narrow);
    }
}

/// A product over some panels, in as many parts as `how` says.
fn product(
    how: How,
    linear: &PackedLinear,
    panels: Range<usize>,
    rows: View<'_>,
    finish: Epilogue,
    out: ViewMut<'_>,
    scratch: &mut OperandScratch,
) {
    let operand = Operand::new(how.kernels, linear.dtype(), rows, scratch);
    let parts = how.column_parts.min(panels.len());
    if parts <= 1 {
        how.kernels.gemm(&operand, linear, panels, finish, out);
        return;
    }
    let mut tasks = Vec::with_capacity(parts);
    let mut rest = out;
    for part in 0..parts {
        let bound = |part| panels.start + part * panels.len() / parts;
        let panels = bound(part)..bound(part + 1);
        let (columns, others) = rest.split_columns(panels.len() * linear.panel_columns());
        tasks.push((panels, columns));
        rest = others;
    }
    tasks.into_par_iter().with_max_len(1).for_each(|(panels, columns)| {
        how.kernels.gemm(&operand, linear, panels, finish, columns);
    });
}
