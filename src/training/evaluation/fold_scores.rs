//! Scores over the folds of a cross-validation.

use serde::{Deserialize, Serialize};

use crate::training::metrics::Metric;

/// One metric over the folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldScores {
    /// The metric's name; see [`Metric::name`].
    pub metric: String,
    /// Whether it is a share from 0 to 1.
    pub share: bool,
    /// The mean of the folds.
    pub mean: f64,
    /// The sample standard deviation of the folds (it divides by one less than their number).
    pub deviation: f64,
    /// The score of each fold.
    pub folds: Vec<f64>,
}

impl FoldScores {
    /// From the scores of at least two folds.
    pub(super) fn new(metric: &Metric, folds: Vec<f64>) -> Self {
        let (mean, deviation) = mean_and_deviation(&folds);
        Self { metric: metric.name.to_owned(), share: metric.share, mean, deviation, folds }
    }

    /// `79.69 ± 0.59 %` or `0.4312 ± 0.0102`
    pub fn show(&self) -> String {
        if self.share {
            format!("{:.2} ± {:.2} %", 100.0 * self.mean, 100.0 * self.deviation)
        } else {
            format!("{:.4} ± {:.4}", self.mean, self.deviation)
        }
    }
}

/// The mean and the sample standard deviation of at least two values.
pub fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

/// The result of a cross-validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossValidationScores {
    /// The first two of [`Scores::metrics`](crate::training::metrics::Scores::metrics).
    pub scores: [FoldScores; 2],
    /// Folds whose fit ended before it converged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unconverged: usize,
    /// Over all rows out of fold; see
    /// [`Scores::log_loss`](crate::training::metrics::Scores::log_loss).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<f64>,
    /// Over all rows out of fold; see
    /// [`calibration_error`](crate::training::metrics::calibration_error).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration_error: Option<f64>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_are_those_computed_by_hand() {
        let metric = Metric { name: "m", value: 0.0, share: false };
        let scores = FoldScores::new(&metric, vec![1.0, 2.0, 6.0]);
        assert_eq!(scores.show(), "3.0000 ± 2.6458");
    }
}
