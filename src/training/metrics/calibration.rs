//! Whether probabilities come true as often as they say.

use crate::training::data::Targets;
use crate::training::logits::{argmax, log_sum_exp, sigmoid};

/// Bins of equal width.
const BINS: usize = 15;

/// The rows, or of several labels the rows and labels, to which like probabilities were given.
#[derive(Debug, Clone, PartialEq)]
pub struct Bin {
    /// How many.
    pub rows: usize,
    /// The mean of what was given.
    pub confidence: f64,
    /// The share that came true.
    pub accuracy: f64,
}

/// Rows by the probability of their most probable label, and how often it was right; where several
/// labels may hold, rows and labels by the label's probability, and how often it holds. Bins without any
/// are left out; there are none for numbers. `logits (n,k)` after temperature.
pub fn bins(logits: &[f64], targets: &Targets) -> Vec<Bin> {
    // Rows, the sum of confidences, and how many came true.
    let mut sums = [(0_usize, 0.0, 0_usize); BINS];
    let mut add = |confidence: f64, right: bool| {
        // Bins are open below and closed above.
        let bin = ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        let (rows, sum, came_true) = &mut sums[bin];
        *rows += 1;
        *sum += confidence;
        *came_true += usize::from(right);
    };
    let k = logits.len() / targets.len();
    for (row, logits) in logits.chunks_exact(k).enumerate() {
        match targets {
            Targets::One(labels) => {
                let best = argmax(logits);
                add((logits[best] - log_sum_exp(logits)).exp(), best == labels[row]);
            }
            Targets::Several(labels) => {
                let each = logits.iter().enumerate();
                each.for_each(|(label, &z)| add(sigmoid(z), labels[row].contains(&label)));
            }
            Targets::Number(_) => {}
        }
    }
    let filled = sums.into_iter().filter(|(rows, ..)| *rows > 0);
    let bin = |(rows, sum, right): (usize, f64, usize)| Bin {
        rows,
        confidence: sum / rows as f64,
        accuracy: right as f64 / rows as f64,
    };
    filled.map(bin).collect()
}

/// How far confidence is from accuracy: `Σ |bin|/n · |accuracy − mean confidence|` over 15 bins of
/// equal width (expected calibration error, Guo et al., 2017). Nothing for numbers.
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
        // Confidence 3/4 in four rows, of which two are right; 9/10 in one, which is right.
        let row = |confidence: f64| [0.0, (confidence / (1.0 - confidence)).ln()];
        let logits = [row(0.75), row(0.75), row(0.75), row(0.75), row(0.9)].concat();
        let targets = Targets::One(vec![1, 1, 0, 0, 1]);
        let error = calibration_error(&logits, &targets).unwrap();
        assert!((error - (4.0 * 0.25 + 0.1) / 5.0).abs() < 1e-12, "{error}");
        assert_eq!(bins(&logits, &targets).iter().map(|bin| bin.rows).collect::<Vec<_>>(), [4, 1]);
        // Without doubt, and right.
        assert!(calibration_error(&[0.0, 1e3], &Targets::One(vec![1])).unwrap() < 1e-12);
    }

    #[test]
    fn each_label_counts_where_several_may_hold() {
        let z = |p: f64| (p / (1.0 - p)).ln();
        let logits = [z(0.75), z(0.1), z(0.75), z(0.1)];
        let targets = Targets::Several(vec![vec![0], vec![1]]);
        let error = calibration_error(&logits, &targets).unwrap();
        assert!((error - (0.25 + 0.4) / 2.0).abs() < 1e-12, "{error}");
        assert_eq!(calibration_error(&[1.0], &Targets::Number(vec![1.0])), None);
    }
}
