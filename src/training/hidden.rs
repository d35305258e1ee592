//! Several fully connected layers, fitted by gradient descent: AdamW (Loshchilov and Hutter, 2019) on
//! small batches, with dropout between the layers.
//!
//! Whatever is drawn comes from one seed: the first weights, the order of rows, what is dropped.

use candle_core::{Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, ops};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::layers::{Layer, Layers, activate, combine};
use super::loss::loss;
use super::prepared::Part;
use crate::model::head::Activation;

/// Rows of a step.
const BATCH: usize = 64;

/// What weights shrink by in a step, as a share of the learning rate; PyTorch's default.
const WEIGHT_DECAY: f64 = 0.01;

/// Hidden layers and how they are fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hidden {
    /// Columns of each hidden layer, at least one layer, each above 0.
    pub widths: Vec<usize>,
    /// What follows each.
    pub activation: Activation,
    /// The share of each hidden layer's columns that a step leaves out, from 0 to below 1.
    pub dropout: f64,
    /// How far a step goes, above 0.
    pub learning_rate: f64,
    /// Passes over the rows at most, above 0.
    pub epochs: usize,
    /// Descent ends after so many passes in a row that don't make the validation loss less; above 0.
    pub patience: usize,
}

impl Default for Hidden {
    /// One layer of 256.
    fn default() -> Self {
        Self {
            widths: vec![256],
            activation: Activation::Relu,
            dropout: 0.1,
            learning_rate: 1e-3,
            epochs: 100,
            patience: 5,
        }
    }
}

/// What comes after a pass over the rows.
pub enum After {
    /// Another, if there are to be more.
    GoOn,
    /// The end.
    Stop,
}

/// Passes over `part` up to `epochs` times. After each, `after` gets the mean loss of its steps and the
/// layers as they are.
///
/// # Errors
/// Only candle's own, and what `after` returns.
pub fn descend(
    part: &Part,
    hidden: &Hidden,
    (epochs, seed): (usize, u64),
    after: &mut dyn FnMut(f64, Layers) -> Result<After, TrainError>,
) -> Result<(), TrainError> {
    let mut random = StdRng::seed_from_u64(seed);
    let network = Network::new(part, hidden, &mut random)?;
    let parameters = ParamsAdamW {
        lr: hidden.learning_rate,
        weight_decay: WEIGHT_DECAY,
        ..ParamsAdamW::default()
    };
    let mut optimizer = AdamW::new(network.variables(), parameters)?;
    let mut order: Vec<usize> = (0..part.y.len()).collect();
    for _ in 0..epochs {
        order.shuffle(&mut random);
        let mut total = 0.0;
        for rows in order.chunks(BATCH) {
            total += rows.len() as f64 * network.step(part, rows, &mut optimizer, &mut random)?;
        }
        if let After::Stop = after(total / part.y.len() as f64, network.layers()?)? {
            break;
        }
    }
    Ok(())
}

struct Network<'a> {
    /// `s`, where factors are `softmax(s)`.
    scores: Option<Var>,
    /// `W (out,in)` and `b (out)` of each layer.
    layers: Vec<(Var, Var)>,
    hidden: &'a Hidden,
}

impl<'a> Network<'a> {
    /// Weights are drawn as PyTorch draws those of `nn.Linear`: evenly within `±1/√in`.
    fn new(part: &Part, hidden: &'a Hidden, random: &mut StdRng) -> candle_core::Result<Self> {
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

    fn variables(&self) -> Vec<Var> {
        let layers = self.layers.iter().flat_map(|(weight, bias)| [weight, bias]);
        layers.chain(&self.scores).cloned().collect()
    }

    /// One step on some rows; their mean loss before it.
    fn step(
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
    fn layers(&self) -> candle_core::Result<Layers> {
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
