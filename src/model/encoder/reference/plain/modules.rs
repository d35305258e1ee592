//! Single modules of a spec as candle's.

use candle_core::Tensor;
use candle_nn::{LayerNorm, Linear, VarBuilder};

use crate::model::checkpoint::spec::{LinearSpec, NormSpec, TableSpec};

/// A linear layer.
pub fn linear(weights: &VarBuilder<'_>, spec: &LinearSpec) -> candle_core::Result<Linear> {
    let (first, all) = (spec.part.index * spec.outputs, spec.part.count * spec.outputs);
    let own = |tensor: Tensor| tensor.narrow(0, first, spec.outputs)?.contiguous();
    let weight = own(weights.get((all, spec.inputs), &spec.weight())?)?;
    let bias = spec.has_bias.then(|| own(weights.get(all, &spec.bias())?)).transpose()?;
    Ok(Linear::new(weight, bias))
}

/// A layer norm.
pub fn norm(weights: &VarBuilder<'_>, spec: &NormSpec) -> candle_core::Result<LayerNorm> {
    let weight = weights.get(spec.columns, &spec.weight())?;
    let bias = match spec.has_bias {
        true => weights.get(spec.columns, &spec.bias())?,
        false => weight.zeros_like()?,
    };
    Ok(LayerNorm::new(weight, bias, spec.eps))
}

/// A table, `(rows, columns)`.
pub fn table(weights: &VarBuilder<'_>, spec: &TableSpec) -> candle_core::Result<Tensor> {
    weights.get((spec.rows, spec.columns), &spec.name)
}
