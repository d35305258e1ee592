//! Layer norm.

use strata_kernels::{Kernels, ViewMut};

use crate::model::checkpoint::spec::NormSpec;
use crate::model::checkpoint::{CheckpointError, Weights};

/// The weights of a layer norm.
pub struct LayerNorm {
    gain: Vec<f32>,
    bias: Vec<f32>,
    eps: f32,
}

impl LayerNorm {
    /// Reads the weight and the bias of a module.
    pub fn load(weights: &Weights, spec: &NormSpec) -> Result<Self, CheckpointError> {
        let (gain, bias) = weights.read_norm(spec)?;
        Ok(Self { gain, bias, eps: spec.eps as f32 })
    }

    /// The same for a norm that may not be there.
    pub fn load_if_any(
        weights: &Weights,
        spec: Option<&NormSpec>,
    ) -> Result<Option<Self>, CheckpointError> {
        spec.map(|spec| Self::load(weights, spec)).transpose()
    }

    /// Normalises each row of `(m, c)` in place.
    pub fn forward(&self, kernels: Kernels, rows: ViewMut<'_>) {
        kernels.layer_norm(rows, &self.gain, &self.bias, self.eps);
    }
}
