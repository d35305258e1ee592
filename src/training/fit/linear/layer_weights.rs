//! Encoder layers of which the factors are learnt.
//!
//! The features are the rows of `l` layers side by side, and layer `i` has the weights `α_i·W`,
//! `W (k,d/l)`, `α = softmax(s)`. The penalty is
//!
//! ```text
//! ½ Σ W²·v  +  ½ · 0.1 · Σ s²
//! ```
//!
//! `v` being the variance of the weighted sum's column, so that its first term is that on the weights of
//! the sum when it is standardised. With `Σ W²` alone the layers' average, which varies less than each of
//! them, would be the dearest, and one layer would take all. The second draws factors towards the
//! average and gives them a minimum (as in ELMo, Peters et al., 2018). The whole is no longer convex; the
//! start is that all factors are the same.

use crate::training::fit::{Part, Tied};
use crate::training::logits::softmax;

/// What a score counts beside a weight. On sentences of reviews accuracy in folds is the same from 1,
/// where factors hardly leave the average, to 0.01; out of fold log loss is least from 0.1 up.
const SCORES: f64 = 0.1;

/// Where in the parameters is what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    pub outputs: usize,
    /// Columns of `W`.
    pub width: usize,
    pub layers: Option<usize>,
}

/// What the parameters of a point are.
pub(super) struct At<'p> {
    /// `W`, row by row.
    pub weights: &'p [f64],
    /// `b`
    pub bias: &'p [f64],
    /// `s`; empty where no factors are learnt.
    pub scores: &'p [f64],
    /// `α`
    pub factors: Option<Vec<f64>>,
}

/// The cost of the penalty, and the slopes of loss and penalty together.
pub(super) struct Slopes {
    pub cost: f64,
    pub by_weight: Vec<f64>,
    /// Empty where no factors are learnt.
    pub by_score: Vec<f64>,
}

impl Places {
    pub fn of(part: &Part) -> candle_core::Result<Self> {
        let (outputs, layers) = (part.outputs, part.tied.as_ref().map(|tied| tied.layers));
        Ok(Self { outputs, width: part.x.dim(1)? / layers.unwrap_or(1), layers })
    }

    pub fn weights(&self) -> usize {
        self.outputs * self.width
    }

    pub fn read<'p>(&self, parameters: &'p [f64]) -> At<'p> {
        let (weights, rest) = parameters.split_at(self.weights());
        let (bias, scores) = rest.split_at(self.outputs);
        At { weights, bias, scores, factors: self.layers.map(|_| softmax(scores)) }
    }

    /// The weights of all features, `(k,d)`.
    pub fn spread(&self, at: &At<'_>) -> Vec<f64> {
        let Some(factors) = &at.factors else { return at.weights.to_vec() };
        let row = |row: &[f64]| -> Vec<f64> {
            factors.iter().flat_map(|factor| row.iter().map(move |w| factor * w)).collect()
        };
        at.weights.chunks_exact(self.width).flat_map(row).collect()
    }

    /// From the loss's slopes at the weights of all features, `(k,d)`.
    pub fn slopes(&self, tied: &Tied, at: &At<'_>, slopes: &[f64], penalty: f64) -> Slopes {
        let factors = at.factors.as_deref().unwrap_or_default();
        let (mut by_weight, mut by_factor) = self.gather(slopes, at.weights, factors);
        let of_sum = penalty_of_sum(tied, at.weights, factors);
        let add = |sums: &mut [f64], share: f64, more: &[f64]| {
            sums.iter_mut().zip(more).for_each(|(sum, slope)| *sum += share * slope);
        };
        add(&mut by_weight, penalty, &of_sum.by_weight);
        add(&mut by_factor, penalty, &of_sum.by_factor);
        // ∂/∂s_i = α_i · (∂/∂α_i − Σ α_j · ∂/∂α_j)
        let mean: f64 = factors.iter().zip(&by_factor).map(|(a, slope)| a * slope).sum();
        let mut by_score: Vec<f64> =
            factors.iter().zip(&by_factor).map(|(a, slope)| a * (slope - mean)).collect();
        add(&mut by_score, SCORES * penalty, at.scores);
        let squares: f64 = at.scores.iter().map(|score| score * score).sum();
        Slopes { cost: penalty * (of_sum.cost + SCORES * squares / 2.0), by_weight, by_score }
    }

    /// The slopes at `W` and at `α` of those at the weights of all features.
    fn gather(&self, slopes: &[f64], weights: &[f64], factors: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut by_weight = vec![0.0; weights.len()];
        let mut by_factor = vec![0.0; factors.len()];
        for (at, slopes) in slopes.chunks_exact(self.width).enumerate() {
            let (row, layer) = (at / factors.len(), at % factors.len());
            let places = row * self.width..(row + 1) * self.width;
            let pairs = by_weight[places.clone()].iter_mut().zip(&weights[places]).zip(slopes);
            for ((by_weight, weight), slope) in pairs {
                *by_weight += factors[layer] * slope;
                by_factor[layer] += weight * slope;
            }
        }
        (by_weight, by_factor)
    }
}

struct OfSum {
    cost: f64,
    by_weight: Vec<f64>,
    by_factor: Vec<f64>,
}

/// `½ Σ W²·v` and its slopes at `W` and at `α`.
fn penalty_of_sum(tied: &Tied, weights: &[f64], factors: &[f64]) -> OfSum {
    let l = tied.layers;
    let c = tied.products.len() / (l * l);
    let mut cost = 0.0;
    let mut by_weight = vec![0.0; weights.len()];
    let mut by_factor = vec![0.0; l];
    for (j, products) in tied.products.chunks_exact(l * l).enumerate() {
        let with_sum = |row: &[f64]| row.iter().zip(factors).map(|(p, a)| p * a).sum::<f64>();
        let with_sum: Vec<f64> = products.chunks_exact(l).map(with_sum).collect();
        let variance: f64 = with_sum.iter().zip(factors).map(|(of, a)| of * a).sum();
        for at in (j..weights.len()).step_by(c) {
            let square = weights[at] * weights[at];
            cost += square * variance / 2.0;
            by_weight[at] = weights[at] * variance;
            by_factor.iter_mut().zip(&with_sum).for_each(|(slope, of)| *slope += square * of);
        }
    }
    OfSum { cost, by_weight, by_factor }
}
