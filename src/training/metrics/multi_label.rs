//! Any number of labels.

use serde::{Deserialize, Serialize};

use super::metric::f1;
use crate::model::head::is_named;
use crate::training::logits::{sigmoid, softplus};

/// Scores of a head that names any number of labels. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeveralScores {
    /// Rows of which all labels are right.
    pub accuracy: f64,
    /// F1 over all rows and labels together.
    pub micro_f1: f64,
    /// The mean over all labels of each one's F1, 0 where that is undefined.
    pub macro_f1: f64,
    /// The mean over rows and labels of `−log` of the probability given to what is so, natural logarithm.
    pub log_loss: f64,
    /// Of each label.
    pub labels: Vec<LabelCounts>,
}

/// Rows, by whether a label holds and whether it was named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCounts {
    /// It holds and was named.
    pub true_positives: usize,
    /// It was named and doesn't hold.
    pub false_positives: usize,
    /// It holds and wasn't named.
    pub false_negatives: usize,
    /// Neither.
    pub true_negatives: usize,
}

impl LabelCounts {
    /// 0 where it is undefined.
    pub fn f1(&self) -> f64 {
        let Self { true_positives: right, false_positives, false_negatives, .. } = *self;
        f1(right, right + false_negatives, right + false_positives)
    }

    fn add(&mut self, holds: bool, named: bool) {
        let count = match (holds, named) {
            (true, true) => &mut self.true_positives,
            (false, true) => &mut self.false_positives,
            (true, false) => &mut self.false_negatives,
            (false, false) => &mut self.true_negatives,
        };
        *count += 1;
    }
}

impl SeveralScores {
    /// `logits (n,k)` row by row; the labels of each row, below `k`; from which probability on each of
    /// `k` labels is named; at least one row.
    pub fn of(logits: &[f64], rows: &[Vec<usize>], thresholds: &[f32]) -> Self {
        let k = thresholds.len();
        let mut labels = vec![LabelCounts::default(); k];
        let (mut loss, mut right) = (0.0, 0);
        for (logits, row) in logits.chunks_exact(k).zip(rows) {
            let mut all = true;
            for (label, &z) in logits.iter().enumerate() {
                let holds = row.contains(&label);
                let named = is_named(sigmoid(z) as f32, thresholds[label]);
                labels[label].add(holds, named);
                all &= holds == named;
                loss += softplus(if holds { -z } else { z });
            }
            right += usize::from(all);
        }
        let n = rows.len() as f64;
        let sum = |of: fn(&LabelCounts) -> usize| labels.iter().map(of).sum::<usize>();
        let together = LabelCounts {
            true_positives: sum(|of| of.true_positives),
            false_positives: sum(|of| of.false_positives),
            false_negatives: sum(|of| of.false_negatives),
            true_negatives: sum(|of| of.true_negatives),
        };
        Self {
            accuracy: right as f64 / n,
            micro_f1: together.f1(),
            macro_f1: labels.iter().map(LabelCounts::f1).sum::<f64>() / k as f64,
            log_loss: loss / (n * k as f64),
            labels,
        }
    }
}

impl SeveralScores {
    /// A table of what each of `labels` has: headers, and a row a label.
    pub fn by_label(&self, labels: &[String]) -> ([&'static str; 5], Vec<Vec<String>>) {
        let row = |(label, of): (&String, &LabelCounts)| {
            let counts = [of.true_positives, of.false_positives, of.false_negatives];
            let [right, wrongly, missed] = counts.map(|rows| rows.to_string());
            vec![label.clone(), right, wrongly, missed, format!("{:.2} %", 100.0 * of.f1())]
        };
        let headers = ["label", "right", "wrongly named", "missed", "F1"];
        (headers, labels.iter().zip(&self.labels).map(row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_computed_by_hand() {
        let rows = [vec![0], vec![0, 1], vec![], vec![1]];
        // named: {0}, {0}, {0}, {1}
        let logits = [9.0, -9.0, 9.0, -9.0, 9.0, -9.0, -9.0, 9.0];
        let scores = SeveralScores::of(&logits, &rows, &[0.5, 0.5]);
        let counts = |of: &LabelCounts| {
            [of.true_positives, of.false_positives, of.false_negatives, of.true_negatives]
        };
        assert_eq!(
            scores.labels.iter().map(counts).collect::<Vec<_>>(),
            [[2, 1, 0, 1], [1, 0, 1, 2]]
        );
        assert!((scores.accuracy - 0.5).abs() < 1e-15);
        assert!((scores.micro_f1 - 6.0 / 8.0).abs() < 1e-15);
        assert!((scores.macro_f1 - (4.0 / 5.0 + 2.0 / 3.0) / 2.0).abs() < 1e-15);
        let right = (-9.0_f64).exp().ln_1p();
        assert!((scores.log_loss - (right + 2.0 * 9.0 / 8.0)).abs() < 1e-12);
    }

    #[test]
    fn a_threshold_decides_from_its_probability_on() {
        let named = |threshold| {
            SeveralScores::of(&[0.0], &[vec![0]], &[threshold]).labels[0].true_positives
        };
        assert_eq!([named(0.4), named(0.5), named(0.6)], [1, 1, 0]);
    }
}
