//! The threshold with the best F1.

use crate::model::head::DEFAULT_THRESHOLD;

/// A threshold, and its F1 on the rows that it was found on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestThreshold {
    /// The probability from which a row is predicted.
    pub threshold: f32,
    /// 0 if no row is actual.
    pub f1: f64,
}

/// From the probability of each row and whether it is actual, in any order. Rows of equal probability
/// stay together. The threshold is the middle of two neighbouring probabilities, or 0.5 if that lies
/// between them. Of equally good ones it is the one nearest to 0.5, and without an actual row it is 0.5.
pub fn best_threshold(mut rows: Vec<(f32, bool)>) -> BestThreshold {
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let actual = rows.iter().filter(|(_, actual)| *actual).count();
    let distance = |threshold: f32| (threshold - DEFAULT_THRESHOLD).abs();
    let mut best = BestThreshold { threshold: DEFAULT_THRESHOLD, f1: 0.0 };
    let mut correct = 0;
    for predicted in 1..=rows.len() {
        let (probability, is_actual) = rows[predicted - 1];
        correct += usize::from(is_actual);
        let next = rows.get(predicted).map_or(0.0, |(next, _)| *next);
        if next == probability {
            continue;
        }
        let f1 = 2.0 * correct as f64 / (actual + predicted) as f64;
        let threshold = between(next, probability);
        let nearer = f1 == best.f1 && distance(threshold) < distance(best.threshold);
        if f1 > best.f1 || (nearer && f1 > 0.0) {
            best = BestThreshold { threshold, f1 };
        }
    }
    best
}

/// A threshold that `above` reaches and `below` doesn't.
fn between(below: f32, above: f32) -> f32 {
    if below < DEFAULT_THRESHOLD && DEFAULT_THRESHOLD <= above {
        return DEFAULT_THRESHOLD;
    }
    let middle = f32::midpoint(below, above);
    // Between two neighbouring floats there is no other.
    if middle > below { middle } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_with_the_best_f1_is_found() {
        // Predicting the first three gives 2·2/(2+3), the first alone 2·1/(2+1).
        let rows = vec![(0.3, false), (0.9, true), (0.25, true), (0.15, false), (0.1, false)];
        let found = best_threshold(rows);
        assert!((found.threshold - 0.2).abs() < 1e-7 && (found.f1 - 0.8).abs() < 1e-15);
        assert_eq!(best_threshold(vec![(0.9, true), (0.2, false)]).threshold, 0.5);
        let none = best_threshold(vec![(0.9, false), (0.2, false)]);
        assert_eq!(none, BestThreshold { threshold: 0.5, f1: 0.0 });
        // Rows with the same probability stay together.
        let equal = best_threshold(vec![(0.4, true), (0.4, false), (0.2, false)]);
        assert!((equal.threshold - 0.3).abs() < 1e-7);
    }

    #[test]
    fn a_threshold_separates_even_neighbouring_floats() {
        let below = 0.3_f32;
        let above = f32::from_bits(below.to_bits() + 1);
        let found = best_threshold(vec![(above, true), (below, false)]);
        assert!(above >= found.threshold && below < found.threshold, "{found:?}");
    }
}
