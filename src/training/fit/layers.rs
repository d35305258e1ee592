//! Fully connected layers over standardised features, in float64, as a fit gives them.
//!
//! Letters: `n` rows, `l` encoder layers whose weights are learned, `c` columns per encoder layer.

use candle_core::{Device, Tensor};

use crate::model::head::DenseActivation;

/// Fully connected layers, with an activation between them.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedLayers {
    /// The weights of the encoder layers in their sum, `(l)`, if they are learned.
    pub layer_weights: Option<Vec<f64>>,
    /// From input to output, at least one.
    pub layers: Vec<FittedLayer>,
    /// Applied between two layers.
    pub activation: DenseActivation,
}

/// `y = W·x + b`
#[derive(Debug, Clone, PartialEq)]
pub struct FittedLayer {
    /// `W (out, in)`, row by row.
    pub weight: Vec<f64>,
    /// `b (out)`
    pub bias: Vec<f64>,
}

impl FittedLayers {
    /// Whether all weights and biases are finite.
    pub fn is_finite(&self) -> bool {
        let layers = self.layers.iter().flat_map(|layer| layer.weight.iter().chain(&layer.bias));
        layers.chain(self.layer_weights.iter().flatten()).all(|number| number.is_finite())
    }

    /// `x (n,d)` → logits `(n,k)`, row by row; `d` is `l·c` if layer weights are learned.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn forward(&self, x: &Tensor) -> candle_core::Result<Vec<f64>> {
        let mut x = match &self.layer_weights {
            None => x.clone(),
            Some(weights) => {
                let weights = Tensor::from_slice(weights, weights.len(), &Device::Cpu)?;
                weighted_layer_sum(x, &weights)?
            }
        };
        for (index, layer) in self.layers.iter().enumerate() {
            let (out, width) = (layer.bias.len(), layer.weight.len() / layer.bias.len());
            let weight = Tensor::from_slice(&layer.weight, (out, width), &Device::Cpu)?;
            let bias = Tensor::from_slice(&layer.bias, out, &Device::Cpu)?;
            x = x.matmul(&weight.t()?)?.broadcast_add(&bias)?;
            if index + 1 < self.layers.len() {
                x = activate(self.activation, &x)?;
            }
        }
        x.flatten_all()?.to_vec1()
    }
}

/// `x (n, l·c)`, `weights (l)` → `Σ weight·layer`, `(n,c)`
///
/// # Errors
/// A tensor operation failed.
pub fn weighted_layer_sum(x: &Tensor, weights: &Tensor) -> candle_core::Result<Tensor> {
    let (n, width) = x.dims2()?;
    let l = weights.dim(0)?;
    x.reshape((n, l, width / l))?.broadcast_mul(&weights.reshape((1, l, 1))?)?.sum(1)
}

/// Applies an activation to each element.
///
/// # Errors
/// A tensor operation failed.
pub fn activate(activation: DenseActivation, x: &Tensor) -> candle_core::Result<Tensor> {
    match activation {
        DenseActivation::Identity => Ok(x.clone()),
        DenseActivation::Tanh => x.tanh(),
        DenseActivation::Relu => x.relu(),
        DenseActivation::Gelu => x.gelu_erf(),
        DenseActivation::Sigmoid => candle_nn::ops::sigmoid(x),
        DenseActivation::Silu => x.silu(),
    }
}
