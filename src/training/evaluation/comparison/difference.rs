//! The difference between a recipe's score and the best one, and whether it may be chance.

use serde::Serialize;

use crate::training::evaluation::{FoldScores, mean_and_deviation};

/// The two-sided 95 % quantile of Student's t, for 1 to 10 degrees of freedom. For more, the last
/// is used (the quantile decreases from 2.23 to 1.96).
const STUDENT_T_95: [f64; 10] = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];

/// A mean difference over folds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// 0 for the best recipe.
    pub mean: f64,
    /// Standard error of the mean: `deviation · √(1/k + 1/(k−1))` for `k` folds, since the fitted
    /// rows of the folds overlap (Nadeau and Bengio, 2003).
    pub standard_error: f64,
}

impl Difference {
    pub(super) fn new(scores: &FoldScores, best: &FoldScores) -> Self {
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

    /// Whether the 95 % confidence interval, by Student's t, contains 0.
    pub(super) fn may_be_chance(&self, folds: usize) -> bool {
        let freedom = folds.saturating_sub(1).clamp(1, STUDENT_T_95.len());
        self.mean.abs() <= STUDENT_T_95[freedom - 1] * self.standard_error
    }
}
