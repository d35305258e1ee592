//! Rows made ready for a fit, and fitted layers made ready for serving.

use candle_core::{Device, Tensor};

use super::class_weights::balanced_weights;
use super::head_layers::HeadLayers;
use super::layers::FittedLayers;
use super::training_data::TrainingData;
use crate::model::head::{Dense, DenseActivation};
use crate::training::data::Targets;
use crate::training::features::Standardisation;
use crate::training::options::ClassWeights;

/// Rows ready for a fit, in float64.
pub struct PreparedRows {
    /// Standardised features, `(n,d)`.
    pub x: Tensor,
    /// Targets; standardised in a regression.
    pub y: Targets,
    /// `k`
    pub outputs: usize,
    /// If layer weights are learned.
    pub layer_products: Option<LayerProducts>,
    /// Class weights as [`loss`](super::loss()) takes them, if they aren't all 1.
    pub weights: Option<Vec<f64>>,
}

/// Mean products of encoder layers that lie side by side in the features.
pub struct LayerProducts {
    /// `l`
    pub layers: usize,
    /// For each of `c` columns the mean products of each two layers, `(c,l,l)`. The variance of any
    /// weighted sum of the layers follows from them.
    pub products: Vec<f64>,
}

/// Standardises features, and numbers of a regression, by the rows that are fitted.
pub struct Preprocessor<'a> {
    data: TrainingData<'a>,
    features: Standardisation,
    numbers: NumberScale,
}

/// Mean and standard deviation of a regression's numbers; 0 and 1 for labels.
#[derive(Debug, Clone, Copy)]
struct NumberScale {
    mean: f64,
    deviation: f64,
}

impl<'a> Preprocessor<'a> {
    /// `rows` are those that will be fitted, at least one.
    pub fn new(data: TrainingData<'a>, rows: &[usize]) -> Self {
        let features = Standardisation::from_rows(data.features, rows);
        let features = match data.weighted_layers {
            None => features,
            Some(layers) => features.with_shared_deviation(layers),
        };
        let numbers = match data.targets.select(rows) {
            Targets::Regression(numbers) => NumberScale::from_numbers(&numbers),
            Targets::SingleLabel(_) | Targets::MultiLabel(_) => {
                NumberScale { mean: 0.0, deviation: 1.0 }
            }
        };
        Self { data, features, numbers }
    }

    /// Some rows, standardised in the same way as the fitted ones.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn prepare(&self, rows: &[usize]) -> candle_core::Result<PreparedRows> {
        let TrainingData { features, targets, outputs, class_weights, weighted_layers } = self.data;
        let values = self.features.apply(features, rows);
        let NumberScale { mean, deviation } = self.numbers;
        let y = match targets.select(rows) {
            Targets::Regression(numbers) => Targets::Regression(
                numbers.iter().map(|number| (number - mean) / deviation).collect(),
            ),
            labels => labels,
        };
        let weights = match class_weights {
            ClassWeights::None => None,
            ClassWeights::Balanced => balanced_weights(&y, outputs),
        };
        let layer_products = weighted_layers.map(|layers| LayerProducts {
            layers,
            products: mean_products(&values, rows.len(), layers),
        });
        let x = Tensor::from_vec(values, (rows.len(), features.width), &Device::Cpu)?;
        Ok(PreparedRows { x, y, outputs, layer_products, weights })
    }

    /// The outputs of layers for prepared rows, numbers in their original unit, `(n,k)`.
    ///
    /// # Errors
    /// A tensor operation failed.
    pub fn outputs(
        &self,
        layers: &FittedLayers,
        rows: &PreparedRows,
    ) -> candle_core::Result<Vec<f64>> {
        let mut outputs = layers.forward(&rows.x)?;
        let NumberScale { mean, deviation } = self.numbers;
        outputs.iter_mut().for_each(|output| *output = mean + deviation * *output);
        Ok(outputs)
    }

    /// Folds the standardisation into the layers and rounds them to float32.
    pub fn head_layers(&self, fitted: &FittedLayers) -> HeadLayers {
        let layer_weights: Option<Vec<f32>> = fitted
            .layer_weights
            .as_ref()
            .map(|weights| weights.iter().map(|&weight| weight as f32).collect());
        let features = match &layer_weights {
            None => self.features.clone(),
            Some(weights) => self.features.weighted_sum(weights),
        };
        let NumberScale { mean, deviation } = self.numbers;
        let last = fitted.layers.len() - 1;
        let layers = fitted.layers.iter().enumerate().map(|(index, layer)| {
            let (mut weight, mut bias) = (layer.weight.clone(), layer.bias.clone());
            if index == last {
                weight.iter_mut().for_each(|w| *w *= deviation);
                bias.iter_mut().for_each(|b| *b = mean + deviation * *b);
            }
            let activation =
                if index == last { DenseActivation::Identity } else { fitted.activation };
            let (weight, bias) = if index == 0 {
                features.fold(&weight, &bias)
            } else {
                let rounded = |values: Vec<f64>| values.iter().map(|&value| value as f32).collect();
                (rounded(weight), rounded(bias))
            };
            Dense::new(weight, bias, activation)
        });
        HeadLayers { layers: layers.collect(), layer_weights }
    }
}

impl NumberScale {
    /// A standard deviation of 0 is replaced by 1.
    fn from_numbers(numbers: &[f64]) -> Self {
        let n = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / n;
        let deviation =
            (numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / n).sqrt();
        Self { mean, deviation: if deviation > 0.0 { deviation } else { 1.0 } }
    }
}

/// See [`LayerProducts::products`]; `x (n, l·c)`.
fn mean_products(x: &[f64], n: usize, l: usize) -> Vec<f64> {
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
