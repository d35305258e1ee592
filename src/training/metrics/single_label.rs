//! One label of several.

use serde::{Deserialize, Serialize};

use super::metric::f1;
use crate::training::logits::{argmax, log_sum_exp};

/// Scores of a head that chooses one label. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneScores {
    /// Rows whose largest logit is their label's.
    pub accuracy: f64,
    /// The mean of the labels' F1, over those that rows have or were taken for, as scikit-learn has it.
    pub macro_f1: f64,
    /// The mean of `−log softmax(logits)[label]`, natural logarithm.
    pub log_loss: f64,
    /// `confusion[label][predicted]`: rows.
    pub confusion: Vec<Vec<usize>>,
}

impl OneScores {
    /// `logits (n,k)` row by row; `labels (n)`, each below `k`; at least one row.
    pub fn of(logits: &[f64], labels: &[usize], k: usize) -> Self {
        let mut confusion = vec![vec![0; k]; k];
        let mut loss = 0.0;
        for (logits, &label) in logits.chunks_exact(k).zip(labels) {
            confusion[label][argmax(logits)] += 1;
            loss += log_sum_exp(logits) - logits[label];
        }
        let n = labels.len() as f64;
        let right: usize = (0..k).map(|class| confusion[class][class]).sum();
        Self {
            accuracy: right as f64 / n,
            macro_f1: macro_f1(&confusion),
            log_loss: loss / n,
            confusion,
        }
    }
}

fn macro_f1(confusion: &[Vec<usize>]) -> f64 {
    let of = |class: usize| {
        let with: usize = confusion[class].iter().sum();
        let taken: usize = confusion.iter().map(|row| row[class]).sum();
        (with + taken > 0).then(|| f1(confusion[class][class], with, taken))
    };
    let all: Vec<f64> = (0..confusion.len()).filter_map(of).collect();
    all.iter().sum::<f64>() / all.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits that choose a class without doubt but for a loss of about 4.5e-5.
    fn choosing(class: usize) -> [f64; 3] {
        let mut logits = [0.0; 3];
        logits[class] = 10.0;
        logits
    }

    #[test]
    fn scores_are_those_computed_by_hand() {
        let labels = [0, 0, 0, 1, 1, 2];
        let logits = [0, 0, 1, 1, 0, 0].map(choosing).concat();
        let scores = OneScores::of(&logits, &labels, 3);
        assert_eq!(scores.confusion, [[2, 1, 0], [1, 1, 0], [1, 0, 0]]);
        assert!((scores.accuracy - 3.0 / 6.0).abs() < 1e-15);
        // 0: 2·2/(3+4), 1: 2·1/(2+2), 2: never chosen
        assert!((scores.macro_f1 - (4.0 / 7.0 + 0.5 + 0.0) / 3.0).abs() < 1e-15);
        let right = (1.0 + 2.0 * (-10.0_f64).exp()).ln();
        assert!((scores.log_loss - (right + 0.5 * 10.0)).abs() < 1e-12);
    }

    #[test]
    fn a_label_without_rows_and_guesses_has_no_part_in_the_mean() {
        let scores = OneScores::of(&[choosing(0), choosing(1)].concat(), &[0, 1], 3);
        assert_eq!((scores.macro_f1, scores.accuracy), (1.0, 1.0));
        // One that was guessed has: 0 has 2·1/(2+1), 1 and 2 none.
        let scores =
            OneScores::of(&[choosing(0), choosing(0), choosing(2)].concat(), &[0, 1, 1], 3);
        assert!((scores.macro_f1 - 2.0 / 3.0 / 3.0).abs() < 1e-15);
    }
}
