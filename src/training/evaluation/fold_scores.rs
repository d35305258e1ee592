//! Scores over folds.

use serde::{Deserialize, Serialize};

use crate::training::metrics::Metric;

/// A score over the folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Its name; see [`Metric::name`].
    pub metric: String,
    /// Whether it is a share from 0 to 1.
    pub share: bool,
    /// Over the folds.
    pub mean: f64,
    /// The standard deviation of the folds, with one less than their number below.
    pub deviation: f64,
    /// Of each fold.
    pub folds: Vec<f64>,
}

impl Spread {
    /// At least two folds of one metric.
    pub(super) fn of(metric: &Metric, folds: Vec<f64>) -> Self {
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

/// The mean, and the standard deviation with one less than the number of values below.
pub fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossScores {
    /// The first two of [`Scores::metrics`].
    pub scores: [Spread; 2],
    /// Folds whose fit was given up before it converged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unconverged: usize,
    /// Of all rows out of fold; see [`Scores::log_loss`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<f64>,
    /// As [`calibration_error`], of all rows out of fold.
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
    fn a_spread_is_that_computed_by_hand() {
        let metric = Metric { name: "m", value: 0.0, share: false };
        let spread = Spread::of(&metric, vec![1.0, 2.0, 6.0]);
        assert_eq!(spread.show(), "3.0000 ± 2.6458");
    }
}
