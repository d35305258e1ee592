//! Scores of a single-label problem.

use serde::{Deserialize, Serialize};

use super::label_counts::macro_f1_of_listed;
use super::outcomes::{Outcome, Outcomes};
use crate::training::logits::{argmax, log_sum_exp};

/// Scores of a head that predicts one label. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SingleLabelScores {
    /// The share of rows whose predicted label is the actual one.
    pub accuracy: f64,
    /// The mean of the labels' F1, over labels that are actual or predicted in some row, as in
    /// scikit-learn.
    pub macro_f1: f64,
    /// The mean of `−log softmax(logits)[label]` over rows with a label of the head, natural
    /// logarithm.
    pub log_loss: f64,
    /// Confusion matrix: `confusion[actual][predicted]` rows.
    pub confusion: Vec<Vec<usize>>,
    /// What is predicted for rows with another label, `(k)`; empty if there are no such rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_labels: Vec<usize>,
}

impl SingleLabelScores {
    /// From `logits (n,k)`, row by row, and `labels (n)`, of which at least one is below `k`. Others
    /// are labels that the head doesn't have.
    pub fn new(logits: &[f64], labels: &[usize], k: usize) -> Self {
        let mut confusion = vec![vec![0; k]; k];
        let mut other_labels = vec![0; k];
        let (mut loss, mut known) = (0.0, 0);
        for (logits, &label) in logits.chunks_exact(k).zip(labels) {
            match confusion.get_mut(label) {
                None => other_labels[argmax(logits)] += 1,
                Some(predicted) => {
                    predicted[argmax(logits)] += 1;
                    loss += log_sum_exp(logits) - logits[label];
                    known += 1;
                }
            }
        }
        let correct: usize = (0..k).map(|label| confusion[label][label]).sum();
        Self {
            accuracy: correct as f64 / labels.len() as f64,
            macro_f1: macro_f1_of_listed(&outcomes(logits, labels, k).counts()),
            log_loss: loss / f64::from(known),
            confusion,
            other_labels: if known as usize == labels.len() { vec![] } else { other_labels },
        }
    }
}

/// The actual and the predicted label of each row.
pub fn outcomes(logits: &[f64], labels: &[usize], k: usize) -> Outcomes {
    let row = |(logits, &label): (&[f64], &usize)| {
        let predicted = argmax(logits);
        let actual = Outcome { label, actual: true, predicted: label == predicted };
        let wrong = Outcome { label: predicted, actual: false, predicted: true };
        let mut row = Vec::with_capacity(2);
        row.extend((label < k).then_some(actual));
        row.extend((label != predicted).then_some(wrong));
        row
    };
    Outcomes { rows: logits.chunks_exact(k).zip(labels).map(row).collect(), labels: k }
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
        assert!(scores.other_labels.is_empty());
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

    #[test]
    fn a_row_with_another_label_is_wrong_whatever_is_predicted() {
        let logits = [0, 1, 1, 2].map(predicting).concat();
        let scores = SingleLabelScores::new(&logits, &[0, 1, 3, 3], 3);
        assert_eq!((scores.accuracy, scores.other_labels), (0.5, vec![0, 1, 1]));
        // 0: 1, 1: 2·1/(1+2), 2: 0
        assert!((scores.macro_f1 - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-15);
        assert!(scores.log_loss < 1e-3);
    }
}
