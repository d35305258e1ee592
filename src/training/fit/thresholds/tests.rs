use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

/// Logits of `k` labels for 1,000 rows, each with its share of rows and its separation: how much
/// higher the logits are of rows that have it.
fn drawn(k: &[(f64, f64)]) -> (Vec<f64>, Vec<Vec<usize>>, Vec<usize>) {
    let mut random = StdRng::seed_from_u64(7);
    let (mut logits, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..1_000 {
        let mut row = Vec::new();
        for (label, &(share, separation)) in k.iter().enumerate() {
            let actual = random.random_bool(share);
            row.extend(actual.then_some(label));
            let noise: f64 = (0..4).map(|_| random.random_range(-1.0..1.0)).sum();
            logits.push(noise - 3.0 + if actual { separation } else { 0.0 });
        }
        labels.push(row);
    }
    (logits, labels, (0..1_000).map(|row| row % 5).collect())
}

#[test]
fn a_rare_label_has_the_threshold_that_all_share() {
    // The third label has fewer than 20 rows, the fourth is noise.
    let (logits, labels, folds) =
        drawn(&[(0.3, 2.5), (0.3, 4.5), (0.01, 3.0), (0.1, 0.0), (0.3, 2.5)]);
    let (thresholds, found) = choose(&logits, &labels, &folds);
    assert_eq!(found.rule, ThresholdRule::PerLabel);
    assert_eq!(thresholds[2], found.shared);
    let sums: Vec<f64> = found.tried.iter().map(|trial| trial.micro_f1 + trial.macro_f1).collect();
    assert!(sums[2] > sums[1] && sums[1] > sums[0], "{found:?}");
    assert_eq!(thresholds[2], thresholds[3]);
    assert!(thresholds[0] < thresholds[2] && thresholds[2] < thresholds[1], "{thresholds:?}");
}

#[test]
fn a_row_that_ranks_low_does_not_let_others_through() {
    // Sixty labels with ten rows each, of which one ranks below all others.
    let (mut logits, mut labels) = (vec![-4.0; 60 * 600], vec![vec![]; 600]);
    for row in 0..600 {
        let label = row / 10;
        labels[row].push(label);
        logits[row * 60 + label] = if row % 10 == 0 { -9.0 } else { -1.0 };
    }
    let folds: Vec<usize> = (0..600).map(|row| row % 5).collect();
    let (thresholds, found) = choose(&logits, &labels, &folds);
    assert_eq!(found.rule, ThresholdRule::Shared);
    let expected = f32::midpoint(sigmoid(-4.0) as f32, sigmoid(-1.0) as f32);
    assert!(thresholds.iter().all(|&threshold| threshold == expected), "{thresholds:?}");
}

#[test]
fn labels_that_are_found_from_one_half_on_keep_it() {
    let (logits, labels, folds) = drawn(&[(0.5, 6.0), (0.4, 6.0)]);
    let (thresholds, found) = choose(&logits, &labels, &folds);
    assert_eq!((thresholds, found.rule), (vec![0.5; 2], ThresholdRule::Half));
}

#[test]
fn a_probability_that_equals_its_threshold_is_predicted() {
    // Both rows with the label have the same probability in every fold.
    let p = 0.3_f64;
    let z = (p / (1.0 - p)).ln();
    let logits = [z, z, -9.0, z, z, -9.0];
    let labels = [vec![0], vec![0], vec![], vec![0], vec![0], vec![]];
    let rows = Probabilities {
        values: logits.iter().map(|&z| sigmoid(z) as f32).collect(),
        labels: &labels,
        folds: &[0, 0, 0, 1, 1, 1],
        k: 1,
    };
    let equal = [sigmoid(z) as f32];
    assert!(is_predicted(rows.pair(0, 0).0, 0, Some(&equal)));
    // Half finds nothing, a threshold below both finds all.
    assert_eq!(rows.score(ThresholdRule::Half).micro_f1, 0.0);
    assert_eq!(rows.score(ThresholdRule::Shared).micro_f1, 1.0);
}

#[test]
fn a_rule_is_scored_on_rows_that_did_not_make_it() {
    let (logits, labels, folds) = drawn(&[(0.2, 1.0)]);
    let values: Vec<f32> = logits.iter().map(|&z| sigmoid(z) as f32).collect();
    let pairs = |wanted: &dyn Fn(usize) -> bool| -> Vec<(f32, bool)> {
        let rows = (0..labels.len()).filter(|&row| wanted(folds[row]));
        rows.map(|row| (values[row], !labels[row].is_empty())).collect()
    };
    let mut counts = LabelCounts::default();
    for fold in 0..5 {
        let threshold = best_threshold(pairs(&|other| other != fold)).threshold;
        for (probability, actual) in pairs(&|other| other == fold) {
            counts.add(actual, probability >= threshold);
        }
    }
    let on_its_own_rows = best_threshold(pairs(&|_| true)).f1;
    let rows = Probabilities { values: values.clone(), labels: &labels, folds: &folds, k: 1 };
    let found = rows.score(ThresholdRule::Shared).micro_f1;
    assert_eq!(found, counts.f1());
    assert!(found < on_its_own_rows, "{found} {on_its_own_rows}");
}
