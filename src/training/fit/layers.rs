//! Fully connected layers over standardised features, in float64, as they come out of a fit.
//!
//! Letters: `n` rows, `l` encoder layers of which the factors are learnt, `c` columns of each.

use candle_core::{Device, Tensor};

use crate::model::head::DenseActivation;

/// Layers one after the other, the activation between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Layers {
    /// What the rows of the encoder's layers are multiplied by before they are added up, `(l)`, where
    /// that is learnt.
    pub factors: Option<Vec<f64>>,
    /// At least one.
    pub list: Vec<Layer>,
    /// What stands between them.
    pub activation: DenseActivation,
}

/// `y = W·x + b`
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// `(out, in)`, row by row.
    pub weight: Vec<f64>,
    /// `(out)`
    pub bias: Vec<f64>,
}

impl Layers {
    /// Whether all of it is numbers.
    pub fn is_finite(&self) -> bool {
        let layers = self.list.iter().flat_map(|layer| layer.weight.iter().chain(&layer.bias));
        layers.chain(self.factors.iter().flatten()).all(|number| number.is_finite())
    }

    /// `x (n,d)` → logits `(n,k)`, row by row; `d` is `l·c` where factors are learnt.
    ///
    /// # Errors
    /// Only candle's own.
    pub fn forward(&self, x: &Tensor) -> candle_core::Result<Vec<f64>> {
        let mut x = match &self.factors {
            None => x.clone(),
            Some(factors) => {
                combine(x, &Tensor::from_slice(factors, factors.len(), &Device::Cpu)?)?
            }
        };
        for (at, layer) in self.list.iter().enumerate() {
            let (out, width) = (layer.bias.len(), layer.weight.len() / layer.bias.len());
            let weight = Tensor::from_slice(&layer.weight, (out, width), &Device::Cpu)?;
            let bias = Tensor::from_slice(&layer.bias, out, &Device::Cpu)?;
            x = x.matmul(&weight.t()?)?.broadcast_add(&bias)?;
            if at + 1 < self.list.len() {
                x = activate(self.activation, &x)?;
            }
        }
        x.flatten_all()?.to_vec1()
    }
}

/// `x (n, l·c)`, `factors (l)` → `Σ factor·row`, `(n,c)`
///
/// # Errors
/// Only candle's own.
pub fn combine(x: &Tensor, factors: &Tensor) -> candle_core::Result<Tensor> {
    let (n, width) = x.dims2()?;
    let l = factors.dim(0)?;
    x.reshape((n, l, width / l))?.broadcast_mul(&factors.reshape((1, l, 1))?)?.sum(1)
}

/// As [`DenseActivation`] has it, element by element.
///
/// # Errors
/// Only candle's own.
pub fn activate(activation: DenseActivation, x: &Tensor) -> candle_core::Result<Tensor> {
    match activation {
        DenseActivation::Identity => Ok(x.clone()),
        DenseActivation::Tanh => x.tanh(),
        DenseActivation::Relu => x.relu(),
        DenseActivation::Gelu => x.gelu_erf(),
    }
}
