//! Standardised features: mean 0 and standard deviation 1.

use super::matrix::Features;

/// A feature whose standard deviation is below this share of the largest one counts as constant.
/// Checkpoints have such dead features: all-MiniLM-L6-v2's last LayerNorm scales three of 384 by
/// 1e-9 to 1e-32, and a weight of 1e30 would turn any rounding difference into a logit.
const DEAD_SHARE: f64 = 1e-6;

/// Mean `μ` and standard deviation `σ` of each feature over some rows; `σ` divides by `n`, as in
/// scikit-learn.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardisation {
    /// Means, `(d)`.
    pub mu: Vec<f64>,
    /// Standard deviations, `(d)`; 0 for a constant or dead feature.
    pub sigma: Vec<f64>,
}

impl Standardisation {
    /// From `rows`, at least one.
    pub fn from_rows(features: &Features, rows: &[usize]) -> Self {
        let n = rows.len() as f64;
        let mut mu = vec![0.0; features.width];
        for &row in rows {
            for (mu, &value) in mu.iter_mut().zip(features.row(row)) {
                *mu += f64::from(value);
            }
        }
        mu.iter_mut().for_each(|mu| *mu /= n);
        let mut sigma = vec![0.0; features.width];
        for &row in rows {
            for ((sigma, mu), &value) in sigma.iter_mut().zip(&mu).zip(features.row(row)) {
                *sigma += (f64::from(value) - mu).powi(2);
            }
        }
        sigma.iter_mut().for_each(|sigma| *sigma = (*sigma / n).sqrt());
        let dead = DEAD_SHARE * sigma.iter().copied().fold(0.0, f64::max);
        sigma.iter_mut().filter(|sigma| **sigma < dead).for_each(|sigma| *sigma = 0.0);
        Self { mu, sigma }
    }

    /// `(x − μ) / σ` of the rows, row by row; 0 where `σ = 0`.
    pub fn apply(&self, features: &Features, rows: &[usize]) -> Vec<f64> {
        let mut standardised = Vec::with_capacity(rows.len() * features.width);
        for &row in rows {
            let scales = self.mu.iter().zip(&self.sigma);
            standardised.extend(features.row(row).iter().zip(scales).map(
                |(&value, (mu, &sigma))| {
                    if sigma == 0.0 { 0.0 } else { (f64::from(value) - mu) / sigma }
                },
            ));
        }
        standardised
    }

    /// For features of `layers` encoder layers side by side, whose columns share weights: each
    /// column gets one standard deviation for all layers, the root mean square of those of the
    /// layers.
    #[must_use]
    pub fn with_shared_deviation(self, layers: usize) -> Self {
        let c = self.sigma.len() / layers;
        let column = |j: usize| {
            let squares = self.sigma.iter().skip(j).step_by(c).map(|sigma| sigma * sigma);
            (squares.sum::<f64>() / layers as f64).sqrt()
        };
        let shared: Vec<f64> = (0..c).map(column).collect();
        Self { sigma: shared.repeat(layers), ..self }
    }

    /// The standardisation of the layers' weighted sum, `(c)`, where `self` has shared deviations.
    #[must_use]
    pub fn weighted_sum(&self, layer_weights: &[f32]) -> Self {
        let c = self.mu.len() / layer_weights.len();
        let column = |j: usize| -> f64 {
            let means = self.mu.iter().skip(j).step_by(c).zip(layer_weights);
            means.map(|(mu, &weight)| mu * f64::from(weight)).sum()
        };
        Self { mu: (0..c).map(column).collect(), sigma: self.sigma[..c].to_vec() }
    }

    /// Converts weights `(k,d)` and bias `(k)` for standardised features into ones for the original
    /// features: `w' = w/σ`, `b' = b − Σ w·μ/σ`, and `w' = 0` where `σ = 0`. The result is rounded
    /// to float32 at the very end.
    pub fn fold(&self, weights: &[f64], bias: &[f64]) -> (Vec<f32>, Vec<f32>) {
        let mut folded = Vec::with_capacity(weights.len());
        let mut biases = Vec::with_capacity(bias.len());
        for (weights, &bias) in weights.chunks_exact(self.mu.len()).zip(bias) {
            let mut shift = 0.0;
            for ((&weight, mu), &sigma) in weights.iter().zip(&self.mu).zip(&self.sigma) {
                let weight = if sigma == 0.0 { 0.0 } else { weight / sigma };
                shift += weight * mu;
                folded.push(weight as f32);
            }
            biases.push((bias - shift) as f32);
        }
        (folded, biases)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::testing::features;

    #[test]
    fn standardised_rows_have_mean_0_and_standard_deviation_1() {
        let scale = Standardisation::from_rows(&features(), &[0, 1, 2]);
        assert_eq!(scale.mu, [3.0, f64::from(0.1_f32), 40.0]);
        assert_eq!(scale.sigma[1], 0.0);
        let values = scale.apply(&features(), &[0, 1, 2]);
        for column in [0, 2] {
            let column: Vec<f64> = values.iter().skip(column).step_by(3).copied().collect();
            assert!(column.iter().sum::<f64>().abs() < 1e-12);
            let squares = column.iter().map(|value| value * value).sum::<f64>();
            assert!((squares / 3.0 - 1.0).abs() < 1e-12);
        }
        assert!(values.iter().skip(1).step_by(3).all(|&value| value == 0.0));
    }

    #[test]
    fn a_dead_feature_counts_as_constant() {
        let values = vec![1.0, 1e-32, 2e-9, 2.0, 3e-32, 1e-9, 4.0, 2e-32, 5e-9];
        let scale = Standardisation::from_rows(&Features { rows: 3, width: 3, values }, &[0, 1, 2]);
        assert!(scale.sigma[0] > 1.0);
        assert_eq!(scale.sigma[1..], [0.0, 0.0]);
    }

    #[test]
    fn folded_weights_give_the_same_logits_on_the_original_features() {
        let scale = Standardisation::from_rows(&features(), &[0, 1, 2]);
        let (weights, bias) = ([0.5, 7.0, -1.5, 2.0, 1.0, 0.25], [0.1, -0.2]);
        let (folded, folded_bias) = scale.fold(&weights, &bias);
        let standardised = scale.apply(&features(), &[3]);
        for class in 0..2 {
            let dot = |weights: &[f64], x: &[f64]| -> f64 {
                weights.iter().zip(x).map(|(w, x)| w * x).sum()
            };
            let before = bias[class] + dot(&weights[class * 3..][..3], &standardised);
            let folded: Vec<f64> = folded[class * 3..][..3].iter().map(|&w| w.into()).collect();
            let raw: Vec<f64> = features().row(3).iter().map(|&x| x.into()).collect();
            let after = f64::from(folded_bias[class]) + dot(&folded, &raw);
            assert!((before - after).abs() < 1e-5, "{before} and {after}");
            assert_eq!(folded[1], 0.0);
        }
    }
}
