//! From which probability on a label is named, where several may be.

use crate::model::head::DEFAULT_THRESHOLD;
use crate::training::logits::sigmoid;

/// Where nothing is known.
const HALF: f64 = DEFAULT_THRESHOLD as f64;

/// For each of `k` labels the threshold with the best F1 on rows that nothing was fitted to, halfway
/// between two probabilities that were given; of equally good ones that nearest to 0.5, which is also
/// that of a label that no row has. `logits (n,k)` after temperature; the labels of each row.
pub fn fit(logits: &[f64], rows: &[Vec<usize>]) -> Vec<f32> {
    let k = logits.len() / rows.len();
    let of = |label: usize| {
        let given = logits.iter().skip(label).step_by(k).map(|&z| sigmoid(z));
        let holds = rows.iter().map(|row| row.contains(&label));
        best(given.zip(holds).collect()) as f32
    };
    (0..k).map(of).collect()
}

/// Probabilities that were given, and whether the label holds.
fn best(mut rows: Vec<(f64, bool)>) -> f64 {
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let with = rows.iter().filter(|(_, holds)| *holds).count();
    let (mut best, mut most) = (HALF, 0.0);
    let mut right = 0;
    for taken in 1..=rows.len() {
        let (given, holds) = rows[taken - 1];
        right += usize::from(holds);
        let next = rows.get(taken).map_or(0.0, |(next, _)| *next);
        if next == given {
            continue;
        }
        let f1 = 2.0 * right as f64 / (with + taken) as f64;
        // 0.5 itself where it lies between the two.
        let threshold = if next < HALF && HALF <= given { HALF } else { (given + next) / 2.0 };
        if f1 > most || (f1 == most && (threshold - HALF).abs() < (best - HALF).abs()) {
            (best, most) = (threshold, f1);
        }
    }
    if most > 0.0 { best } else { HALF }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_with_the_best_f1_is_found() {
        // Naming the first three gives 2·2/(2+3), the first alone 2·1/(2+1).
        let rows = vec![(0.9, true), (0.3, false), (0.25, true), (0.15, false), (0.1, false)];
        assert!((best(rows) - 0.2).abs() < 1e-15);
        assert_eq!(best(vec![(0.9, true), (0.2, false)]), 0.5);
        assert_eq!(best(vec![(0.9, false), (0.2, false)]), 0.5);
        // One that many share can't be cut in two.
        assert!((best(vec![(0.4, true), (0.4, false), (0.2, false)]) - 0.3).abs() < 1e-15);
    }

    #[test]
    fn each_label_has_its_own() {
        let z = |p: f64| (p / (1.0 - p)).ln();
        let logits = [z(0.3), z(0.9), z(0.1), z(0.7)];
        let found = fit(&logits, &[vec![0, 1], vec![]]);
        assert!((found[0] - 0.2).abs() < 1e-6 && (found[1] - 0.8).abs() < 1e-6, "{found:?}");
    }
}
