//! How good a set of logits is, given the right labels.

use serde::{Deserialize, Serialize};

/// Scores over some rows, each a share from 0 to 1 but for the log loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Rows whose largest logit is their label's.
    pub accuracy: f64,
    /// The mean over all labels of each one's F1, 0 where that is undefined.
    pub macro_f1: f64,
    /// The mean of `−log softmax(logits)[label]`, natural logarithm.
    pub log_loss: f64,
    /// `confusion[label][predicted]`: rows.
    pub confusion: Vec<Vec<usize>>,
}

impl Scores {
    /// `logits (n,k)` row by row; `labels (n)`, each below `k`; at least one row.
    pub fn of(logits: &[f64], labels: &[usize], classes: usize) -> Self {
        let mut confusion = vec![vec![0; classes]; classes];
        let mut loss = 0.0;
        for (logits, &label) in logits.chunks_exact(classes).zip(labels) {
            confusion[label][argmax(logits)] += 1;
            loss += log_sum_exp(logits) - logits[label];
        }
        let n = labels.len() as f64;
        let right: usize = (0..classes).map(|class| confusion[class][class]).sum();
        Self {
            accuracy: right as f64 / n,
            macro_f1: macro_f1(&confusion),
            log_loss: loss / n,
            confusion,
        }
    }
}

/// [`Scores::log_loss`] with rows that count `weights (n)`.
pub fn weighted_log_loss(logits: &[f64], labels: &[usize], weights: &[f64]) -> f64 {
    let rows = logits.chunks_exact(logits.len() / labels.len()).zip(labels).zip(weights);
    let loss: f64 = rows.map(|((z, &y), weight)| weight * (log_sum_exp(z) - z[y])).sum();
    loss / weights.iter().sum::<f64>()
}

/// Bins of [`calibration_error`].
const BINS: usize = 15;

/// How far confidence is from accuracy: rows are put into 15 bins of equal width by the probability of
/// their most probable label, and `Σ |bin|/n · |accuracy − mean confidence|` is taken over the bins
/// (expected calibration error, Guo et al., 2017). `logits (n,k)` after temperature, `labels (n)`.
pub fn calibration_error(logits: &[f64], labels: &[usize], classes: usize) -> f64 {
    // Of each bin, right answers less the sum of confidences.
    let mut gaps = [0.0; BINS];
    for (logits, &label) in logits.chunks_exact(classes).zip(labels) {
        let best = argmax(logits);
        let confidence = (logits[best] - log_sum_exp(logits)).exp();
        // Bins are open below and closed above.
        let bin = ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        gaps[bin] += f64::from(u8::from(best == label)) - confidence;
    }
    gaps.iter().map(|gap| gap.abs()).sum::<f64>() / labels.len() as f64
}

/// Per label `2·right / (rows with it + rows taken for it)`.
fn macro_f1(confusion: &[Vec<usize>]) -> f64 {
    let f1 = |class: usize| {
        let with: usize = confusion[class].iter().sum();
        let taken: usize = confusion.iter().map(|row| row[class]).sum();
        match with + taken {
            0 => 0.0,
            both => 2.0 * confusion[class][class] as f64 / both as f64,
        }
    };
    (0..confusion.len()).map(f1).sum::<f64>() / confusion.len() as f64
}

/// The first of the largest.
fn argmax(logits: &[f64]) -> usize {
    let larger = |best, at| if logits[at] > logits[best] { at } else { best };
    (0..logits.len()).fold(0, larger)
}

fn log_sum_exp(logits: &[f64]) -> f64 {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + logits.iter().map(|logit| (logit - max).exp()).sum::<f64>().ln()
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
        let scores = Scores::of(&logits, &labels, 3);
        assert_eq!(scores.confusion, [[2, 1, 0], [1, 1, 0], [1, 0, 0]]);
        assert!((scores.accuracy - 3.0 / 6.0).abs() < 1e-15);
        // 0: 2·2/(3+4), 1: 2·1/(2+2), 2: never chosen
        assert!((scores.macro_f1 - (4.0 / 7.0 + 0.5 + 0.0) / 3.0).abs() < 1e-15);
        let right = (1.0 + 2.0 * (-10.0_f64).exp()).ln();
        assert!((scores.log_loss - (right + 0.5 * 10.0)).abs() < 1e-12);
    }

    #[test]
    fn a_label_without_rows_or_guesses_has_an_f1_of_0() {
        let scores = Scores::of(&[choosing(0), choosing(1)].concat(), &[0, 1], 3);
        assert!((scores.macro_f1 - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(scores.accuracy, 1.0);
    }

    #[test]
    fn log_loss_by_hand_for_two_rows() {
        // softmax of (0, ln 3) is (1/4, 3/4)
        let third = 3.0_f64.ln();
        let scores = Scores::of(&[0.0, third, 0.0, third], &[1, 0], 2);
        let by_hand = -((0.75_f64).ln() + (0.25_f64).ln()) / 2.0;
        assert!((scores.log_loss - by_hand).abs() < 1e-15);
    }

    #[test]
    fn the_calibration_error_is_that_computed_by_hand() {
        // Confidence 3/4 in four rows, of which two are right; 9/10 in one, which is right.
        let row = |confidence: f64| [0.0, (confidence / (1.0 - confidence)).ln()];
        let logits = [row(0.75), row(0.75), row(0.75), row(0.75), row(0.9)].concat();
        let error = calibration_error(&logits, &[1, 1, 0, 0, 1], 2);
        assert!((error - (4.0 * 0.25 + 0.1) / 5.0).abs() < 1e-12, "{error}");
        // Without doubt, and right.
        assert!(calibration_error(&[0.0, 1e3], &[1], 2) < 1e-12);
    }

    #[test]
    fn a_row_that_counts_twice_counts_as_two() {
        let logits = [0.0, 1.0, 0.5, -0.5];
        let twice = Scores::of(&[logits[..2].to_vec(), logits.to_vec()].concat(), &[1, 1, 1], 2);
        let weighted = weighted_log_loss(&logits, &[1, 1], &[2.0, 1.0]);
        assert!((weighted - twice.log_loss).abs() < 1e-15);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let scores = Scores::of(&[-60.0, 40.0, 1e4, -1e4], &[1, 1], 2);
        assert_eq!(scores.log_loss, 1e4);
    }
}
