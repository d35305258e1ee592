//! Scores of a regression.

use serde::{Deserialize, Serialize};

/// Scores of a head that predicts a number, in the number's unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegressionScores {
    /// The share of the variance that is explained: `1 − Σ(z−y)² / Σ(y−ȳ)²`; 0 if all actual
    /// numbers are equal.
    pub r2: f64,
    /// Root mean squared error.
    pub rmse: f64,
    /// Mean absolute error.
    pub mae: f64,
}

impl RegressionScores {
    /// From the predicted and the actual number of each row, at least one.
    pub fn new(predicted: &[f64], actual: &[f64]) -> Self {
        let n = actual.len() as f64;
        let mean = actual.iter().sum::<f64>() / n;
        let variance: f64 = actual.iter().map(|y| (y - mean).powi(2)).sum();
        let errors = predicted.iter().zip(actual).map(|(z, y)| z - y);
        let squares: f64 = errors.clone().map(|error| error * error).sum();
        Self {
            r2: if variance > 0.0 { 1.0 - squares / variance } else { 0.0 },
            rmse: (squares / n).sqrt(),
            mae: errors.map(f64::abs).sum::<f64>() / n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_computed_by_hand() {
        let scores = RegressionScores::new(&[1.0, 2.0, 6.0], &[1.0, 3.0, 5.0]);
        assert!((scores.r2 - (1.0 - 2.0 / 8.0)).abs() < 1e-15);
        assert!((scores.rmse - (2.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!((scores.mae - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(RegressionScores::new(&[1.0, 2.0], &[3.0, 3.0]).r2, 0.0);
    }
}
