//! The variables of several layers during a fit.

use candle_core::{Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ops};
use rand::RngExt;
use rand::rngs::StdRng;

use super::layers::{FittedLayer, FittedLayers, activate, weighted_layer_sum};
use super::loss::loss;
use super::prepared::PreparedRows;
use crate::training::options::HiddenLayers;

/// Layers that are being fitted.
pub(super) struct Network<'a> {
    /// `s (l)`, if layer weights `softmax(s)` are learned.
    scores: Option<Var>,
    /// `W (out,in)` and `b (out)` of each layer.
    layers: Vec<(Var, Var)>,
    hidden: &'a HiddenLayers,
}

impl<'a> Network<'a> {
    /// Weights are drawn uniformly from `±1/√in`, as PyTorch's `nn.Linear` does.
    pub(super) fn new(
        rows: &PreparedRows,
        hidden: &'a HiddenLayers,
        random: &mut StdRng,
    ) -> candle_core::Result<Self> {
        let width =
            rows.x.dim(1)? / rows.layer_products.as_ref().map_or(1, |products| products.layers);
        let widths = [&[width], hidden.widths.as_slice(), &[rows.outputs]].concat();
        let mut layers = Vec::with_capacity(widths.len() - 1);
        for pair in widths.windows(2) {
            let (inputs, outputs) = (pair[0], pair[1]);
            let bound = 1.0 / (inputs as f64).sqrt();
            let mut draw = |n: usize| -> Vec<f64> {
                (0..n).map(|_| random.random_range(-bound..bound)).collect()
            };
            let weight = Var::from_vec(draw(outputs * inputs), (outputs, inputs), &Device::Cpu)?;
            layers.push((weight, Var::from_vec(draw(outputs), outputs, &Device::Cpu)?));
        }
        let zeros = |l: usize| Var::from_vec(vec![0.0_f64; l], l, &Device::Cpu);
        let scores = rows.layer_products.as_ref().map(|products| zeros(products.layers));
        Ok(Self { scores: scores.transpose()?, layers, hidden })
    }

    pub(super) fn variables(&self) -> Vec<Var> {
        let layers = self.layers.iter().flat_map(|(weight, bias)| [weight, bias]);
        layers.chain(&self.scores).cloned().collect()
    }

    /// One optimiser step on a batch of row numbers. Returns the mean loss before the step.
    pub(super) fn step(
        &self,
        rows: &PreparedRows,
        batch: &[usize],
        optimizer: &mut AdamW,
        random: &mut StdRng,
    ) -> candle_core::Result<f64> {
        let indices: Vec<u32> = batch.iter().map(|&row| row as u32).collect();
        let x = rows.x.index_select(&Tensor::new(indices, &Device::Cpu)?, 0)?;
        let logits = self.forward(x, random)?; // (n,k)
        let weights = rows.weights.as_ref().map(|all| {
            let per_row = all.len() / rows.y.len();
            let row_weights = |&row: &usize| &all[row * per_row..][..per_row];
            batch.iter().flat_map(row_weights).copied().collect::<Vec<_>>()
        });
        let values = logits.flatten_all()?.to_vec1()?;
        let (loss, gradient) = loss(&values, &rows.y.select(batch), weights.as_deref());
        // Σ logits·gradient has the same gradient at the logits as the loss.
        let gradient = Tensor::from_vec(gradient, logits.dims2()?, &Device::Cpu)?;
        optimizer.step(&(logits * gradient)?.sum_all()?.backward()?)?;
        Ok(loss)
    }

    fn forward(&self, mut x: Tensor, random: &mut StdRng) -> candle_core::Result<Tensor> {
        if let Some(scores) = &self.scores {
            x = weighted_layer_sum(&x, &ops::softmax(scores, 0)?)?;
        }
        for (index, (weight, bias)) in self.layers.iter().enumerate() {
            x = x.matmul(&weight.t()?)?.broadcast_add(bias)?;
            if index + 1 < self.layers.len() {
                x = self.dropout(&activate(self.hidden.activation, &x)?, random)?;
            }
        }
        Ok(x)
    }

    /// Sets a random share of elements to 0 and scales the others, so that the expected sum stays
    /// the same. candle's own dropout has no seed on a CPU.
    fn dropout(&self, x: &Tensor, random: &mut StdRng) -> candle_core::Result<Tensor> {
        let share = self.hidden.dropout;
        if share == 0.0 {
            return Ok(x.clone());
        }
        let mut factor = || if random.random_bool(share) { 0.0 } else { 1.0 / (1.0 - share) };
        let factors: Vec<f64> = (0..x.elem_count()).map(|_| factor()).collect();
        x * Tensor::from_vec(factors, x.shape(), &Device::Cpu)?
    }

    /// The current layers, without dropout.
    pub(super) fn layers(&self) -> candle_core::Result<FittedLayers> {
        let values = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f64>();
        let layer = |(weight, bias): &(Var, Var)| -> candle_core::Result<FittedLayer> {
            Ok(FittedLayer { weight: values(weight)?, bias: values(bias)? })
        };
        let weights = self.scores.as_ref().map(|scores| values(&ops::softmax(scores, 0)?));
        Ok(FittedLayers {
            layer_weights: weights.transpose()?,
            layers: self.layers.iter().map(layer).collect::<Result<_, _>>()?,
            activation: self.hidden.activation,
        })
    }
}
