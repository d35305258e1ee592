//! Scores of a single-label problem.

use serde::{Deserialize, Serialize};

use super::metric::f1;
use crate::training::logits::{argmax, log_sum_exp};

/// Scores of a head that predicts one label. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SingleLabelScores {
    /// The share of rows whose predicted label is the actual one.
    pub accuracy: f64,
    /// The mean of the labels' F1, over labels that are actual or predicted in some row, as in
    /// scikit-learn.
    pub macro_f1: f64,
    /// The mean of `−log softmax(logits)[label]`, natural logarithm.
    pub log_loss: f64,
    /// Confusion matrix: `confusion[actual][predicted]` rows.
    pub confusion: Vec<Vec<usize>>,
}

impl SingleLabelScores {
    /// From `logits (n,k)`, row by row, and `labels (n)`, each below `k`; `n ≥ 1`.
    pub fn new(logits: &[f64], labels: &[usize], k: usize) -> Self {
        let mut confusion = vec![vec![0; k]; k];
        let mut loss = 0.0;
        for (logits, &label) in logits.chunks_exact(k).zip(labels) {
            confusion[label][argmax(logits)] += 1;
            loss += log_sum_exp(logits) - logits[label];
        }
        let n = labels.len() as f64;
        let correct: usize = (0..k).map(|label| confusion[label][label]).sum();
        Self {
            accuracy: correct as f64 / n,
            macro_f1: macro_f1(&confusion),
            log_loss: loss / n,
            confusion,
        }
    }
}

fn macro_f1(confusion: &[Vec<usize>]) -> f64 {
    let label_f1 = |label: usize| {
        let actual: usize = confusion[label].iter().sum();
        let predicted: usize = confusion.iter().map(|row| row[label]).sum();
        (actual + predicted > 0).then(|| f1(confusion[label][label], actual, predicted))
    };
    let all: Vec<f64> = (0..confusion.len()).filter_map(label_f1).collect();
    all.iter().sum::<f64>() / all.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits that predict a class with a loss of about 4.5e-5.
    fn predicting(class: usize) -> [f64; 3] {
        let mut logits = [0.0; 3];
        logits[class] = 10.0;
        logits
    }

    #[test]
    fn scores_are_those_computed_by_hand() {
        let labels = [0, 0, 0, 1, 1, 2];
        let logits = [0, 0, 1, 1, 0, 0].map(predicting).concat();
        let scores = SingleLabelScores::new(&logits, &labels, 3);
        assert_eq!(scores.confusion, [[2, 1, 0], [1, 1, 0], [1, 0, 0]]);
        assert!((scores.accuracy - 3.0 / 6.0).abs() < 1e-15);
        // 0: 2·2/(3+4), 1: 2·1/(2+2), 2: never predicted
        assert!((scores.macro_f1 - (4.0 / 7.0 + 0.5 + 0.0) / 3.0).abs() < 1e-15);
        let right = (1.0 + 2.0 * (-10.0_f64).exp()).ln();
        assert!((scores.log_loss - (right + 0.5 * 10.0)).abs() < 1e-12);
    }

    #[test]
    fn a_label_that_is_neither_actual_nor_predicted_is_not_in_the_mean() {
        let scores = SingleLabelScores::new(&[predicting(0), predicting(1)].concat(), &[0, 1], 3);
        assert_eq!((scores.macro_f1, scores.accuracy), (1.0, 1.0));
        // One that is predicted counts: label 0 has 2·1/(2+1), labels 1 and 2 have 0.
        let scores = SingleLabelScores::new(
            &[predicting(0), predicting(0), predicting(2)].concat(),
            &[0, 1, 1],
            3,
        );
        assert!((scores.macro_f1 - 2.0 / 3.0 / 3.0).abs() < 1e-15);
    }
}
