//! Features and targets made ready for a fit, and what came out of it made ready to be served.

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::Settings;
use super::dataset::Dataset;
use super::features::{Features, Standardisation};
use super::layers::Layers;
use super::targets::Targets;
use crate::model::head::{Activation, Dense};
use crate::model::recipe::weighted_sum;

/// What the rows of a label count in a fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// Each row as much as any other.
    #[default]
    None,
    /// All rows of a label as much as those of any other: `n / (k · rows of the label)`, as
    /// scikit-learn has it. Where several labels may hold, for each of them the rows with it as much as
    /// those without.
    Balanced,
}

impl ClassWeights {
    /// Whether rows all count the same.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// All rows that there are, and what they count.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// `(n,d)`
    pub features: &'a Features,
    /// `(n)`
    pub targets: &'a Targets,
    /// `k`, what a head has to put out.
    pub outputs: usize,
    /// What rows count.
    pub class_weights: ClassWeights,
    /// See [`Settings::tied`].
    pub tied: Option<usize>,
}

impl<'a> Data<'a> {
    /// `features` are of the rows of `dataset`.
    pub fn of(dataset: &'a Dataset, features: &'a Features, settings: &Settings) -> Self {
        Self {
            features,
            targets: &dataset.targets,
            outputs: dataset.labels.len(),
            class_weights: settings.class_weights,
            tied: settings.tied,
        }
    }
}

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

/// Layers as they are served, in float32, over features as the encoder gives them.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// One after the other.
    pub layers: Vec<Dense>,
    /// As [`Layers::factors`].
    pub factors: Option<Vec<f32>>,
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
            let activation = if at == last { Activation::Identity } else { layers.activation };
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

impl Finished {
    /// What a head of these layers puts out for some rows, `(n,k)`.
    pub fn outputs(&self, features: &Features, rows: &[usize]) -> Vec<f64> {
        let output = |&row: &usize| {
            let row = match &self.factors {
                None => features.row(row).to_vec(),
                Some(factors) => {
                    let row = features.row(row);
                    let layers: Vec<&[f32]> = row.chunks_exact(row.len() / factors.len()).collect();
                    weighted_sum(&layers, factors)
                }
            };
            self.layers.iter().fold(row, |row, layer| layer.forward(&row))
        };
        rows.iter().flat_map(output).map(f64::from).collect()
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

/// A label that no row has counts nothing.
fn balanced(y: &Targets, k: usize) -> Option<Vec<f64>> {
    let n = y.len() as f64;
    let rows: Vec<f64> = y.counts(k).into_iter().map(|rows| rows as f64).collect();
    match y {
        Targets::One(labels) => {
            Some(labels.iter().map(|&label| n / (k as f64 * rows[label])).collect())
        }
        Targets::Several(labels) => {
            let weight = |row: &Vec<usize>, label: usize| {
                n / (2.0 * if row.contains(&label) { rows[label] } else { n - rows[label] })
            };
            Some(labels.iter().flat_map(|row| (0..k).map(move |at| weight(row, at))).collect())
        }
        Targets::Number(_) => None,
    }
}
