//! Layers that are being fitted by descent.

use candle_core::{Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ops};
use rand::RngExt;
use rand::rngs::StdRng;

use super::layers::{Layer, Layers, activate, combine};
use super::loss::loss;
use super::prepared::Part;
use crate::training::options::Hidden;

pub(super) struct Network<'a> {
    /// `s`, where factors are `softmax(s)`.
    scores: Option<Var>,
    /// `W (out,in)` and `b (out)` of each layer.
    layers: Vec<(Var, Var)>,
    hidden: &'a Hidden,
}

impl<'a> Network<'a> {
    /// Weights are drawn as PyTorch draws those of `nn.Linear`: evenly within `±1/√in`.
    pub(super) fn new(
        part: &Part,
        hidden: &'a Hidden,
        random: &mut StdRng,
    ) -> candle_core::Result<Self> {
        let width = part.x.dim(1)? / part.tied.as_ref().map_or(1, |tied| tied.layers);
        let widths = [&[width], hidden.widths.as_slice(), &[part.outputs]].concat();
        let mut layers = Vec::with_capacity(widths.len() - 1);
        for pair in widths.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let within = 1.0 / (from as f64).sqrt();
            let mut draw = |n: usize| -> Vec<f64> {
                (0..n).map(|_| random.random_range(-within..within)).collect()
            };
            let weight = Var::from_vec(draw(to * from), (to, from), &Device::Cpu)?;
            layers.push((weight, Var::from_vec(draw(to), to, &Device::Cpu)?));
        }
        let zeros = |l: usize| Var::from_vec(vec![0.0_f64; l], l, &Device::Cpu);
        Ok(Self {
            scores: part.tied.as_ref().map(|tied| zeros(tied.layers)).transpose()?,
            layers,
            hidden,
        })
    }

    pub(super) fn variables(&self) -> Vec<Var> {
        let layers = self.layers.iter().flat_map(|(weight, bias)| [weight, bias]);
        layers.chain(&self.scores).cloned().collect()
    }

    /// One step on some rows; their mean loss before it.
    pub(super) fn step(
        &self,
        part: &Part,
        rows: &[usize],
        optimizer: &mut AdamW,
        random: &mut StdRng,
    ) -> candle_core::Result<f64> {
        let places: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
        let x = part.x.index_select(&Tensor::new(places, &Device::Cpu)?, 0)?;
        let logits = self.forward(x, random)?; // (n,k)
        let weights = part.weights.as_ref().map(|all| {
            let of_row = all.len() / part.y.len();
            rows.iter().flat_map(|&row| &all[row * of_row..][..of_row]).copied().collect::<Vec<_>>()
        });
        let given = logits.flatten_all()?.to_vec1()?;
        let (loss, by_logits) = loss(&given, &part.y.of(rows), weights.as_deref());
        // A sum whose slope at the logits is that of the loss.
        let by_logits = Tensor::from_vec(by_logits, logits.dims2()?, &Device::Cpu)?;
        optimizer.step(&(logits * by_logits)?.sum_all()?.backward()?)?;
        Ok(loss)
    }

    fn forward(&self, mut x: Tensor, random: &mut StdRng) -> candle_core::Result<Tensor> {
        if let Some(scores) = &self.scores {
            x = combine(&x, &ops::softmax(scores, 0)?)?;
        }
        for (at, (weight, bias)) in self.layers.iter().enumerate() {
            x = x.matmul(&weight.t()?)?.broadcast_add(bias)?;
            if at + 1 < self.layers.len() {
                x = self.drop(&activate(self.hidden.activation, &x)?, random)?;
            }
        }
        Ok(x)
    }

    /// Leaves out what is drawn, and makes what is left larger, so that sums stay what they were.
    /// candle's own dropout has no seed on a CPU.
    fn drop(&self, x: &Tensor, random: &mut StdRng) -> candle_core::Result<Tensor> {
        let share = self.hidden.dropout;
        if share == 0.0 {
            return Ok(x.clone());
        }
        let mut factor = || if random.random_bool(share) { 0.0 } else { 1.0 / (1.0 - share) };
        let factors: Vec<f64> = (0..x.elem_count()).map(|_| factor()).collect();
        x * Tensor::from_vec(factors, x.shape(), &Device::Cpu)?
    }

    /// As they are now, without dropout.
    pub(super) fn layers(&self) -> candle_core::Result<Layers> {
        let values = |of: &Tensor| of.flatten_all()?.to_vec1::<f64>();
        let layer = |(weight, bias): &(Var, Var)| -> candle_core::Result<Layer> {
            Ok(Layer { weight: values(weight)?, bias: values(bias)? })
        };
        let factors = self.scores.as_ref().map(|scores| values(&ops::softmax(scores, 0)?));
        Ok(Layers {
            factors: factors.transpose()?,
            list: self.layers.iter().map(layer).collect::<Result<_, _>>()?,
            activation: self.hidden.activation,
        })
    }
}
