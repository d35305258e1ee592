//! Scores of a multi-label problem.

use serde::{Deserialize, Serialize};

use super::average_precision::average_precision;
use super::label_counts::{LabelCounts, macro_f1, micro_f1};
use super::outcomes::{Outcome, Outcomes};
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
    /// The mean over labels of [`average_precision`], of those that a row has.
    pub average_precision: f64,
    /// The mean over rows and labels of `−log` of the probability of the truth, natural logarithm.
    pub log_loss: f64,
    /// Counts of each label.
    pub counts: Vec<LabelCounts>,
}

impl MultiLabelScores {
    /// From `logits (n,k)`, row by row, the labels of each row, and the thresholds, `(k)`, by
    /// default 0.5; `n ≥ 1`. Labels from `k` on are those that the head doesn't have; their rows
    /// can't be correct in all labels.
    pub fn new(logits: &[f64], rows: &[Vec<usize>], k: usize, thresholds: Option<&[f32]>) -> Self {
        let outcomes = outcomes(logits, rows, k, thresholds);
        let is_correct = |(outcomes, row): &(&Vec<Outcome>, &Vec<usize>)| {
            row.iter().all(|&label| label < k)
                && outcomes.iter().all(|outcome| outcome.actual == outcome.predicted)
        };
        let correct = outcomes.rows.iter().zip(rows).filter(is_correct).count();
        let mut loss = 0.0;
        for (logits, row) in logits.chunks_exact(k).zip(rows) {
            for (label, &z) in logits.iter().enumerate() {
                loss += softplus(if row.contains(&label) { -z } else { z });
            }
        }
        let n = rows.len() as f64;
        let counts = outcomes.counts();
        let precisions: Vec<f64> = average_precisions(logits, rows, k).flatten().collect();
        Self {
            accuracy: correct as f64 / n,
            micro_f1: micro_f1(&counts),
            macro_f1: macro_f1(&counts),
            average_precision: precisions.iter().sum::<f64>() / precisions.len().max(1) as f64,
            log_loss: loss / (n * k as f64),
            counts,
        }
    }
}

/// The average precision of each label.
pub fn average_precisions(
    logits: &[f64],
    rows: &[Vec<usize>],
    k: usize,
) -> impl Iterator<Item = Option<f64>> {
    (0..k).map(move |label| {
        let scores = logits.iter().skip(label).step_by(k).copied();
        average_precision(scores.zip(rows.iter().map(|row| row.contains(&label))).collect())
    })
}

/// The labels of each row that are actual or predicted.
pub fn outcomes(
    logits: &[f64],
    rows: &[Vec<usize>],
    k: usize,
    thresholds: Option<&[f32]>,
) -> Outcomes {
    let row = |(logits, row): (&[f64], &Vec<usize>)| {
        let outcome = |(label, &z): (usize, &f64)| {
            let actual = row.contains(&label);
            let predicted = is_predicted(sigmoid(z) as f32, label, thresholds);
            (actual || predicted).then_some(Outcome { label, actual, predicted })
        };
        logits.iter().enumerate().filter_map(outcome).collect()
    };
    Outcomes { rows: logits.chunks_exact(k).zip(rows).map(row).collect(), labels: k }
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
            scores.counts.iter().map(counts).collect::<Vec<_>>(),
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
            MultiLabelScores::new(&[0.0], &[vec![0]], 1, thresholds).counts[0].true_positives
        };
        assert_eq!([predicted(0.4), predicted(0.5), predicted(0.6)], [1, 1, 0]);
    }

    #[test]
    fn a_row_with_a_label_that_the_head_does_not_have_is_not_correct_in_all() {
        let scores = MultiLabelScores::new(&[9.0, 9.0], &[vec![0], vec![0, 1]], 1, None);
        assert_eq!((scores.accuracy, scores.micro_f1, scores.counts.len()), (0.5, 1.0, 1));
    }
}
