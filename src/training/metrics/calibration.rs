//! Calibration: whether predictions are correct as often as their probabilities say.

use crate::training::data::Targets;
use crate::training::logits::{argmax, log_sum_exp, sigmoid};

/// Bins of equal width.
const BINS: usize = 15;

/// Predictions with similar probabilities: of rows, or in a multi-label problem of pairs of row and
/// label.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationBin {
    /// How many.
    pub rows: usize,
    /// The mean of their probabilities.
    pub confidence: f64,
    /// The share that is correct.
    pub accuracy: f64,
}

/// Rows by the probability of their predicted label, and how often it is the actual one; in a
/// multi-label problem pairs of row and label by the label's probability, and how often the row has
/// it. Rows with a label that the head doesn't have are left out, and so are empty bins. A regression
/// has none. `logits (n,k)` after temperature.
pub fn bins(logits: &[f64], targets: &Targets) -> Vec<CalibrationBin> {
    // Predictions, the sum of their probabilities, and how many are correct.
    let mut sums = [(0_usize, 0.0, 0_usize); BINS];
    let mut add = |confidence: f64, is_correct: bool| {
        // Bins are open below and closed above.
        let bin = ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        let (rows, sum, correct) = &mut sums[bin];
        *rows += 1;
        *sum += confidence;
        *correct += usize::from(is_correct);
    };
    let k = logits.len() / targets.len();
    let known = |(row, _): &(usize, &[f64])| !targets.is_unknown(*row, k);
    for (row, logits) in logits.chunks_exact(k).enumerate().filter(known) {
        match targets {
            Targets::SingleLabel(labels) => {
                let predicted = argmax(logits);
                let confidence = (logits[predicted] - log_sum_exp(logits)).exp();
                add(confidence, predicted == labels[row]);
            }
            Targets::MultiLabel(labels) => {
                let each = logits.iter().enumerate();
                each.for_each(|(label, &z)| add(sigmoid(z), labels[row].contains(&label)));
            }
            Targets::Regression(_) => {}
        }
    }
    let filled = sums.into_iter().filter(|(rows, ..)| *rows > 0);
    let bin = |(rows, sum, correct): (usize, f64, usize)| CalibrationBin {
        rows,
        confidence: sum / rows as f64,
        accuracy: correct as f64 / rows as f64,
    };
    filled.map(bin).collect()
}

/// Expected calibration error (Guo et al., 2017): `Σ |bin|/n · |accuracy − mean confidence|` over
/// 15 bins of equal width. None for a regression.
pub fn calibration_error(logits: &[f64], targets: &Targets) -> Option<f64> {
    let bins = bins(logits, targets);
    let all: usize = bins.iter().map(|bin| bin.rows).sum();
    let gaps = bins.iter().map(|bin| bin.rows as f64 * (bin.accuracy - bin.confidence).abs());
    (all > 0).then(|| gaps.sum::<f64>() / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calibration_error_is_that_computed_by_hand() {
        // Confidence 3/4 in four rows, two of them correct; 9/10 in one, which is correct.
        let row = |confidence: f64| [0.0, (confidence / (1.0 - confidence)).ln()];
        let logits = [row(0.75), row(0.75), row(0.75), row(0.75), row(0.9)].concat();
        let targets = Targets::SingleLabel(vec![1, 1, 0, 0, 1]);
        let error = calibration_error(&logits, &targets).unwrap();
        assert!((error - (4.0 * 0.25 + 0.1) / 5.0).abs() < 1e-12, "{error}");
        assert_eq!(bins(&logits, &targets).iter().map(|bin| bin.rows).collect::<Vec<_>>(), [4, 1]);
        // Confidence 1, and correct.
        assert!(calibration_error(&[0.0, 1e3], &Targets::SingleLabel(vec![1])).unwrap() < 1e-12);
    }

    #[test]
    fn each_label_counts_in_a_multi_label_problem() {
        let z = |p: f64| (p / (1.0 - p)).ln();
        let logits = [z(0.75), z(0.1), z(0.75), z(0.1)];
        let targets = Targets::MultiLabel(vec![vec![0], vec![1]]);
        let error = calibration_error(&logits, &targets).unwrap();
        assert!((error - (0.25 + 0.4) / 2.0).abs() < 1e-12, "{error}");
        assert_eq!(calibration_error(&[1.0], &Targets::Regression(vec![1.0])), None);
    }
}
