//! Numbers.

use serde::{Deserialize, Serialize};

/// Scores of a head that gives a number, in its unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberScores {
    /// The share of the variance that is explained: `1 − Σ(z−y)² / Σ(y−ȳ)²`; 0 where all numbers are
    /// the same.
    pub r2: f64,
    /// The root of the mean squared error.
    pub rmse: f64,
    /// The mean absolute error.
    pub mae: f64,
}

impl NumberScores {
    /// What was given and what is right, at least one.
    pub fn of(given: &[f64], right: &[f64]) -> Self {
        let n = right.len() as f64;
        let mean = right.iter().sum::<f64>() / n;
        let variance: f64 = right.iter().map(|y| (y - mean).powi(2)).sum();
        let errors = given.iter().zip(right).map(|(z, y)| z - y);
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
        let scores = NumberScores::of(&[1.0, 2.0, 6.0], &[1.0, 3.0, 5.0]);
        assert!((scores.r2 - (1.0 - 2.0 / 8.0)).abs() < 1e-15);
        assert!((scores.rmse - (2.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!((scores.mae - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(NumberScores::of(&[1.0, 2.0], &[3.0, 3.0]).r2, 0.0);
    }
}
