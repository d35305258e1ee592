//! Features and targets made ready for a fit, and what came out of it made ready to be served.

use candle_core::{Device, Tensor};

use super::class_weights::balanced;
use super::head_layers::Finished;
use super::layers::Layers;
use super::training_data::Data;
use crate::model::head::{Dense, DenseActivation};
use crate::training::data::Targets;
use crate::training::features::Standardisation;
use crate::training::options::ClassWeights;

/// Rows ready to be fitted, in float64.
pub struct Part {
    /// Standardised features, `(n,d)`.
    pub x: Tensor,
    /// Standardised too where they are numbers.
    pub y: Targets,
    /// `k`
    pub outputs: usize,
    /// Where the factors of encoder layers are to be learnt.
    pub tied: Option<Tied>,
    /// What each row counts, as [`loss`](super::loss::loss) takes it, where it isn't 1.
    pub weights: Option<Vec<f64>>,
}

/// Encoder layers side by side in the features, of which a column has one weight.
pub struct Tied {
    /// `l`
    pub layers: usize,
    /// Of each of `c` columns the mean products of the layers with each other, `(c,l,l)`: what the
    /// variance of any weighted sum of them follows from.
    pub products: Vec<f64>,
}

/// How features and numbers are standardised, by the rows that are fitted.
pub struct Prepared<'a> {
    data: Data<'a>,
    scale: Standardisation,
    /// The mean of the numbers, and how far they spread.
    numbers: (f64, f64),
}

impl<'a> Prepared<'a> {
    /// `rows` are those to be fitted, at least one.
    pub fn of(data: Data<'a>, rows: &[usize]) -> Self {
        let scale = Standardisation::of(data.features, rows);
        let scale = match data.tied {
            None => scale,
            Some(layers) => scale.with_one_spread(layers),
        };
        let numbers = match data.targets.of(rows) {
            Targets::Number(numbers) => mean_and_spread(&numbers),
            Targets::One(_) | Targets::Several(_) => (0.0, 1.0),
        };
        Self { data, scale, numbers }
    }

    /// Some rows, standardised as those that are fitted.
    ///
    /// # Errors
    /// Only candle's own.
    pub fn part(&self, rows: &[usize]) -> candle_core::Result<Part> {
        let Data { features, targets, outputs, class_weights, tied } = self.data;
        let values = self.scale.apply(features, rows);
        let (mean, spread) = self.numbers;
        let y = match targets.of(rows) {
            Targets::Number(numbers) => {
                Targets::Number(numbers.iter().map(|number| (number - mean) / spread).collect())
            }
            labels => labels,
        };
        let weights = match class_weights {
            ClassWeights::None => None,
            ClassWeights::Balanced => balanced(&y, outputs),
        };
        let tied =
            tied.map(|layers| Tied { layers, products: products(&values, rows.len(), layers) });
        let x = Tensor::from_vec(values, (rows.len(), features.width), &Device::Cpu)?;
        Ok(Part { x, y, outputs, tied, weights })
    }

    /// What layers put out for the rows of a part, numbers in their unit again, `(n,k)`.
    ///
    /// # Errors
    /// Only candle's own.
    pub fn outputs(&self, layers: &Layers, part: &Part) -> candle_core::Result<Vec<f64>> {
        let mut outputs = layers.forward(&part.x)?;
        let (mean, spread) = self.numbers;
        outputs.iter_mut().for_each(|output| *output = mean + spread * *output);
        Ok(outputs)
    }

    /// Takes standardisation into the layers and rounds them to float32.
    pub fn finish(&self, layers: &Layers) -> Finished {
        let factors: Option<Vec<f32>> =
            layers.factors.as_ref().map(|of| of.iter().map(|&factor| factor as f32).collect());
        let scale = match &factors {
            None => self.scale.clone(),
            Some(factors) => self.scale.weighted(factors),
        };
        let (mean, spread) = self.numbers;
        let last = layers.list.len() - 1;
        let finished = layers.list.iter().enumerate().map(|(at, layer)| {
            let (mut weight, mut bias) = (layer.weight.clone(), layer.bias.clone());
            if at == last {
                weight.iter_mut().for_each(|w| *w *= spread);
                bias.iter_mut().for_each(|b| *b = mean + spread * *b);
            }
            let activation = if at == last { DenseActivation::Identity } else { layers.activation };
            let (weight, bias) = if at == 0 {
                scale.fold(&weight, &bias)
            } else {
                let rounded = |values: Vec<f64>| values.iter().map(|&value| value as f32).collect();
                (rounded(weight), rounded(bias))
            };
            Dense::new(weight, bias, activation)
        });
        Finished { layers: finished.collect(), factors }
    }
}

/// See [`Tied::products`]; `x (n, l·c)`.
fn products(x: &[f64], n: usize, l: usize) -> Vec<f64> {
    let width = x.len() / n;
    let c = width / l;
    let mut sums = vec![0.0; c * l * l];
    for row in x.chunks_exact(width) {
        for (j, sums) in sums.chunks_exact_mut(l * l).enumerate() {
            for a in 0..l {
                for b in 0..l {
                    sums[a * l + b] += row[a * c + j] * row[b * c + j];
                }
            }
        }
    }
    sums.iter_mut().for_each(|sum| *sum /= n as f64);
    sums
}

fn mean_and_spread(numbers: &[f64]) -> (f64, f64) {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let spread = (numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / n).sqrt();
    (mean, if spread > 0.0 { spread } else { 1.0 })
}
