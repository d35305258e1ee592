//! Scores of a multi-label problem.

use serde::{Deserialize, Serialize};

use super::metric::f1;
use crate::model::head::is_predicted;
use crate::training::logits::{sigmoid, softplus};

/// Scores of a head that predicts any number of labels. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MultiLabelScores {
    /// Subset accuracy: the share of rows that are correct in all labels.
    pub accuracy: f64,
    /// F1 over all pairs of row and label.
    pub micro_f1: f64,
    /// The mean of the labels' F1, 0 where that is undefined.
    pub macro_f1: f64,
    /// The mean over rows and labels of `−log` of the probability of the truth, natural logarithm.
    pub log_loss: f64,
    /// Counts of each label.
    pub labels: Vec<LabelCounts>,
}

/// Rows by whether they have a label and whether it is predicted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCounts {
    /// Actual and predicted.
    pub true_positives: usize,
    /// Predicted but not actual.
    pub false_positives: usize,
    /// Actual but not predicted.
    pub false_negatives: usize,
    /// Neither.
    pub true_negatives: usize,
}

impl LabelCounts {
    /// 0 where it is undefined.
    pub fn f1(&self) -> f64 {
        let Self { true_positives, false_positives, false_negatives, .. } = *self;
        f1(true_positives, true_positives + false_negatives, true_positives + false_positives)
    }

    fn add(&mut self, actual: bool, predicted: bool) {
        let count = match (actual, predicted) {
            (true, true) => &mut self.true_positives,
            (false, true) => &mut self.false_positives,
            (true, false) => &mut self.false_negatives,
            (false, false) => &mut self.true_negatives,
        };
        *count += 1;
    }
}

impl MultiLabelScores {
    /// From `logits (n,k)`, row by row, the labels of each row, and the thresholds, `(k)`, by
    /// default 0.5; `n ≥ 1`.
    pub fn new(logits: &[f64], rows: &[Vec<usize>], k: usize, thresholds: Option<&[f32]>) -> Self {
        let mut labels = vec![LabelCounts::default(); k];
        let (mut loss, mut correct) = (0.0, 0);
        for (logits, row) in logits.chunks_exact(k).zip(rows) {
            let mut all_correct = true;
            for (label, &z) in logits.iter().enumerate() {
                let actual = row.contains(&label);
                let predicted = is_predicted(sigmoid(z) as f32, label, thresholds);
                labels[label].add(actual, predicted);
                all_correct &= actual == predicted;
                loss += softplus(if actual { -z } else { z });
            }
            correct += usize::from(all_correct);
        }
        let n = rows.len() as f64;
        let sum = |count: fn(&LabelCounts) -> usize| labels.iter().map(count).sum::<usize>();
        let together = LabelCounts {
            true_positives: sum(|label| label.true_positives),
            false_positives: sum(|label| label.false_positives),
            false_negatives: sum(|label| label.false_negatives),
            true_negatives: sum(|label| label.true_negatives),
        };
        Self {
            accuracy: correct as f64 / n,
            micro_f1: together.f1(),
            macro_f1: labels.iter().map(LabelCounts::f1).sum::<f64>() / k as f64,
            log_loss: loss / (n * k as f64),
            labels,
        }
    }

    /// A table of the counts: headers, and one row per label.
    pub fn table(&self, labels: &[String]) -> ([&'static str; 5], Vec<Vec<String>>) {
        let row = |(label, counts): (&String, &LabelCounts)| {
            let LabelCounts { true_positives, false_positives, false_negatives, .. } = counts;
            let counted = [true_positives, false_positives, false_negatives];
            let [correct, wrong, missed] = counted.map(usize::to_string);
            vec![label.clone(), correct, wrong, missed, format!("{:.2} %", 100.0 * counts.f1())]
        };
        let headers = ["label", "true positives", "false positives", "false negatives", "F1"];
        (headers, labels.iter().zip(&self.labels).map(row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_computed_by_hand() {
        let rows = [vec![0], vec![0, 1], vec![], vec![1]];
        // predicted: {0}, {0}, {0}, {1}
        let logits = [9.0, -9.0, 9.0, -9.0, 9.0, -9.0, -9.0, 9.0];
        let scores = MultiLabelScores::new(&logits, &rows, 2, None);
        let counts = |label: &LabelCounts| {
            [
                label.true_positives,
                label.false_positives,
                label.false_negatives,
                label.true_negatives,
            ]
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
    fn a_label_is_predicted_from_its_threshold_on() {
        let predicted = |threshold| {
            let thresholds = Some(&[threshold][..]);
            MultiLabelScores::new(&[0.0], &[vec![0]], 1, thresholds).labels[0].true_positives
        };
        assert_eq!([predicted(0.4), predicted(0.5), predicted(0.6)], [1, 1, 0]);
    }
}
