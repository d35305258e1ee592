//! Layer norm.

use strata_kernels::{Kernels, ViewMut};

use crate::model::checkpoint::{Checkpoint, CheckpointError};

/// The weights of a layer norm.
pub struct LayerNorm {
    gain: Vec<f32>,
    bias: Vec<f32>,
    eps: f32,
}

impl LayerNorm {
    /// Reads the weight and the bias of a module.
    pub fn load(checkpoint: &Checkpoint, module: &str) -> Result<Self, CheckpointError> {
        let (config, weights) = (&checkpoint.config, &checkpoint.weights);
        let read = |name: &str| weights.read(&format!("{module}.{name}"), &[config.hidden_size]);
        Ok(Self { gain: read("weight")?, bias: read("bias")?, eps: config.layer_norm_eps as f32 })
    }

    /// Normalises each row of `(m, c)` in place.
    pub fn forward(&self, kernels: Kernels, rows: ViewMut<'_>) {
        kernels.layer_norm(rows, &self.gain, &self.bias, self.eps);
    }
}
