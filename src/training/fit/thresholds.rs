//! The probability from which each label of a multi-label problem is predicted.

use crate::model::head::DEFAULT_THRESHOLD;
use crate::training::logits::sigmoid;

/// The default.
const HALF: f64 = DEFAULT_THRESHOLD as f64;

/// For each of `k` labels the threshold with the best F1 on rows that weren't fitted. It is the
/// mean of two neighbouring probabilities, or 0.5 if that lies between them. Of equally good
/// thresholds it is the one nearest to 0.5, and for a label without rows it is 0.5. `logits (n,k)`
/// after temperature; the labels of each row.
pub fn fit(logits: &[f64], rows: &[Vec<usize>]) -> Vec<f32> {
    let k = logits.len() / rows.len();
    let threshold = |label: usize| {
        let probabilities = logits.iter().skip(label).step_by(k).map(|&z| sigmoid(z));
        let actual = rows.iter().map(|row| row.contains(&label));
        best_threshold(probabilities.zip(actual).collect()) as f32
    };
    (0..k).map(threshold).collect()
}

/// From the probability of each row, and whether the row has the label.
fn best_threshold(mut rows: Vec<(f64, bool)>) -> f64 {
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let actual = rows.iter().filter(|(_, actual)| *actual).count();
    let (mut best, mut best_f1) = (HALF, 0.0);
    let mut correct = 0;
    for predicted in 1..=rows.len() {
        let (probability, is_actual) = rows[predicted - 1];
        correct += usize::from(is_actual);
        let next = rows.get(predicted).map_or(0.0, |(next, _)| *next);
        if next == probability {
            continue;
        }
        let f1 = 2.0 * correct as f64 / (actual + predicted) as f64;
        let threshold =
            if next < HALF && HALF <= probability { HALF } else { (probability + next) / 2.0 };
        if f1 > best_f1 || (f1 == best_f1 && (threshold - HALF).abs() < (best - HALF).abs()) {
            (best, best_f1) = (threshold, f1);
        }
    }
    if best_f1 > 0.0 { best } else { HALF }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_with_the_best_f1_is_found() {
        // Predicting the first three gives 2·2/(2+3), the first alone 2·1/(2+1).
        let rows = vec![(0.9, true), (0.3, false), (0.25, true), (0.15, false), (0.1, false)];
        assert!((best_threshold(rows) - 0.2).abs() < 1e-15);
        assert_eq!(best_threshold(vec![(0.9, true), (0.2, false)]), 0.5);
        assert_eq!(best_threshold(vec![(0.9, false), (0.2, false)]), 0.5);
        // Rows with the same probability stay together.
        assert!(
            (best_threshold(vec![(0.4, true), (0.4, false), (0.2, false)]) - 0.3).abs() < 1e-15
        );
    }

    #[test]
    fn each_label_has_its_own_threshold() {
        let z = |p: f64| (p / (1.0 - p)).ln();
        let logits = [z(0.3), z(0.9), z(0.1), z(0.7)];
        let found = fit(&logits, &[vec![0, 1], vec![]]);
        assert!((found[0] - 0.2).abs() < 1e-6 && (found[1] - 0.8).abs() < 1e-6, "{found:?}");
    }
}
