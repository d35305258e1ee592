//! How far recipes are from the best one.

use serde::Serialize;

use crate::training::evaluation::{Spread, mean_and_deviation};

/// A mean difference over folds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// 0 of the best.
    pub mean: f64,
    /// Of the mean: `deviation · √(1/k + 1/(k−1))`, since the folds' rows to fit overlap (Nadeau and
    /// Bengio, 2003).
    pub standard_error: f64,
}

/// The quantile of Student's t that 95 of 100 lie within, by degrees of freedom from 1 on; those beyond
/// the last, from 2.23 down to 1.96, are taken as that.
const T: [f64; 10] = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];

impl Difference {
    pub(super) fn of(scores: &Spread, best: &Spread) -> Self {
        let differences = scores.folds.iter().zip(&best.folds).map(|(score, best)| score - best);
        let differences: Vec<f64> = differences.collect();
        let (mean, deviation) = mean_and_deviation(&differences);
        let k = differences.len() as f64;
        Self { mean, standard_error: deviation * (1.0 / k + 1.0 / (k - 1.0)).sqrt() }
    }

    /// `−0.33 ± 0.41 %` or `−0.0033 ± 0.0041`
    pub(super) fn show(&self, share: bool) -> String {
        let Self { mean, standard_error } = self;
        if share {
            format!("{:+.2} ± {:.2} %", 100.0 * mean, 100.0 * standard_error)
        } else {
            format!("{mean:+.4} ± {standard_error:.4}")
        }
    }

    /// Whether nothing is in the interval that holds the difference in 95 of 100 cases, by Student's t.
    pub(super) fn may_be_chance(&self, folds: usize) -> bool {
        let freedom = folds.saturating_sub(1).clamp(1, T.len());
        self.mean.abs() <= T[freedom - 1] * self.standard_error
    }
}
