//! Learned layer weights.
//!
//! The features are `l` encoder layers side by side, `c = d/l` columns each. Layer `i` has the
//! weights `α_i·W`, with `W (k,c)` and layer weights `α = softmax(s)`. The penalty is
//!
//! ```text
//! ½ Σ W²·v  +  ½ · 0.1 · Σ s²
//! ```
//!
//! where `v` is the variance of the weighted sum's column, so that the first term is the usual
//! penalty on the weights of the standardised sum. With `Σ W²` alone the layers' average, which
//! varies less than each of them, would have the largest penalty, and one layer would get all of
//! the weight. The second term pulls the layer weights towards equal ones, as in ELMo (Peters et
//! al., 2018); without it they have no minimum. The cost is not convex; the fit starts with equal
//! layer weights.

use crate::training::fit::{LayerProducts, PreparedRows};
use crate::training::logits::softmax;

/// The penalty on a score, relative to that on a weight. On sentences of reviews, cross-validated
/// accuracy is the same from 1, where layer weights hardly differ, to 0.01; the out-of-fold log
/// loss is smallest from 0.1 up.
const SCORE_PENALTY: f64 = 0.1;

/// Where each parameter is in a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct ParameterLayout {
    /// `k`
    pub outputs: usize,
    /// Columns of `W`: `d`, or `c` with learned layer weights.
    pub width: usize,
    /// `l`, with learned layer weights.
    pub layers: Option<usize>,
}

/// The parameters of a point.
pub(super) struct Parameters<'p> {
    /// `W`, row by row.
    pub weights: &'p [f64],
    /// `b`
    pub bias: &'p [f64],
    /// `s`; empty without learned layer weights.
    pub scores: &'p [f64],
    /// `α`
    pub layer_weights: Option<Vec<f64>>,
}

/// The penalty, and the gradient of loss and penalty together.
pub(super) struct PenalisedGradient {
    pub penalty: f64,
    /// At `W`.
    pub weights: Vec<f64>,
    /// At `s`; empty without learned layer weights.
    pub scores: Vec<f64>,
}

impl ParameterLayout {
    pub fn new(rows: &PreparedRows) -> candle_core::Result<Self> {
        let layers = rows.layer_products.as_ref().map(|products| products.layers);
        let width = rows.x.dim(1)? / layers.unwrap_or(1);
        Ok(Self { outputs: rows.outputs, width, layers })
    }

    /// Number of weights in `W`.
    pub fn weights(&self) -> usize {
        self.outputs * self.width
    }

    pub fn split<'p>(&self, point: &'p [f64]) -> Parameters<'p> {
        let (weights, rest) = point.split_at(self.weights());
        let (bias, scores) = rest.split_at(self.outputs);
        let layer_weights = self.layers.map(|_| softmax(scores));
        Parameters { weights, bias, scores, layer_weights }
    }

    /// The weights of all features, `(k,d)`: `W`, or `α_i·W` for each layer.
    pub fn feature_weights(&self, parameters: &Parameters<'_>) -> Vec<f64> {
        let Some(layer_weights) = &parameters.layer_weights else {
            return parameters.weights.to_vec();
        };
        let spread = |row: &[f64]| -> Vec<f64> {
            layer_weights.iter().flat_map(|a| row.iter().map(move |w| a * w)).collect()
        };
        parameters.weights.chunks_exact(self.width).flat_map(spread).collect()
    }

    /// From the gradient of the loss at the weights of all features, `(k,d)`.
    pub fn penalised_gradient(
        &self,
        products: &LayerProducts,
        parameters: &Parameters<'_>,
        at_features: &[f64],
        factor: f64,
    ) -> PenalisedGradient {
        let layer_weights = parameters.layer_weights.as_deref().unwrap_or_default();
        let mut gradient = self.chain(at_features, parameters.weights, layer_weights);
        let sum = sum_penalty(products, parameters.weights, layer_weights);
        add_scaled(&mut gradient.weights, factor, &sum.gradient.weights);
        add_scaled(&mut gradient.layer_weights, factor, &sum.gradient.layer_weights);
        // ∂/∂s_i = α_i · (∂/∂α_i − Σ α_j · ∂/∂α_j)
        let pairs = || layer_weights.iter().zip(&gradient.layer_weights);
        let mean: f64 = pairs().map(|(a, slope)| a * slope).sum();
        let mut scores: Vec<f64> = pairs().map(|(a, slope)| a * (slope - mean)).collect();
        add_scaled(&mut scores, SCORE_PENALTY * factor, parameters.scores);
        let squares: f64 = parameters.scores.iter().map(|score| score * score).sum();
        let penalty = factor * (sum.penalty + SCORE_PENALTY * squares / 2.0);
        PenalisedGradient { penalty, weights: gradient.weights, scores }
    }

    /// From the gradient at the weights of all features to that at `W` and `α`, by the chain rule.
    fn chain(&self, at_features: &[f64], weights: &[f64], layer_weights: &[f64]) -> Gradients {
        let mut gradient = Gradients {
            weights: vec![0.0; weights.len()],
            layer_weights: vec![0.0; layer_weights.len()],
        };
        for (index, slopes) in at_features.chunks_exact(self.width).enumerate() {
            let (row, layer) = (index / layer_weights.len(), index % layer_weights.len());
            let range = row * self.width..(row + 1) * self.width;
            let pairs = gradient.weights[range.clone()].iter_mut().zip(&weights[range]).zip(slopes);
            for ((at_weight, weight), slope) in pairs {
                *at_weight += layer_weights[layer] * slope;
                gradient.layer_weights[layer] += weight * slope;
            }
        }
        gradient
    }
}

/// Gradients at `W` and `α`.
struct Gradients {
    weights: Vec<f64>,
    layer_weights: Vec<f64>,
}

struct SumPenalty {
    penalty: f64,
    gradient: Gradients,
}

/// `½ Σ W²·v` and its gradient.
fn sum_penalty(products: &LayerProducts, weights: &[f64], layer_weights: &[f64]) -> SumPenalty {
    let l = products.layers;
    let c = products.products.len() / (l * l);
    let mut penalty = 0.0;
    let mut at_weights = vec![0.0; weights.len()];
    let mut at_layer_weights = vec![0.0; l];
    for (j, products) in products.products.chunks_exact(l * l).enumerate() {
        // Each layer's mean product with the sum.
        let with_sum = |row: &[f64]| row.iter().zip(layer_weights).map(|(p, a)| p * a).sum::<f64>();
        let with_sum: Vec<f64> = products.chunks_exact(l).map(with_sum).collect();
        let variance: f64 = with_sum.iter().zip(layer_weights).map(|(p, a)| p * a).sum();
        for index in (j..weights.len()).step_by(c) {
            let square = weights[index] * weights[index];
            penalty += square * variance / 2.0;
            at_weights[index] = weights[index] * variance;
            at_layer_weights.iter_mut().zip(&with_sum).for_each(|(slope, p)| *slope += square * p);
        }
    }
    let gradient = Gradients { weights: at_weights, layer_weights: at_layer_weights };
    SumPenalty { penalty, gradient }
}

fn add_scaled(sums: &mut [f64], factor: f64, terms: &[f64]) {
    sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += factor * term);
}
