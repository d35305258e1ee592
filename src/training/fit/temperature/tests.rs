use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

/// Logits up to `scale`, and labels drawn with their probabilities.
fn calibrated(rows: usize, scale: f64) -> (Vec<f64>, Targets) {
    let mut random = StdRng::seed_from_u64(3);
    let (mut logits, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let row: [f64; 3] = std::array::from_fn(|_| random.random_range(-scale..scale));
        let total: f64 = row.iter().map(|logit| logit.exp()).sum();
        let mut left = random.random_range(0.0..total);
        let label = row.iter().position(|logit| {
            left -= logit.exp();
            left < 0.0
        });
        labels.push(label.unwrap_or(2));
        logits.extend(row);
    }
    (logits, Targets::SingleLabel(labels))
}

fn times(logits: &[f64], factor: f64) -> Vec<f64> {
    logits.iter().map(|logit| factor * logit).collect()
}

#[test]
fn logits_three_times_too_large_get_three_times_the_temperature() {
    let (logits, labels) = calibrated(4_000, 2.0);
    let found = fit(&times(&logits, 3.0), &labels).unwrap().unwrap();
    assert!((found.temperature / 3.0 - 1.0).abs() < 0.05, "{found:?}");
    assert_eq!(found.outcome, CalibrationOutcome::Fitted);
    assert!(found.log_loss_after < 0.9 * found.log_loss_before, "{found:?}");
    let right = fit(&logits, &labels).unwrap().unwrap();
    assert!((found.log_loss_after / right.log_loss_before - 1.0).abs() < 0.01, "{found:?}");
}

#[test]
fn logits_that_are_right_stay() {
    for rows in [100, 400, 4_000] {
        let (logits, labels) = calibrated(rows, 2.0);
        let found = fit(&logits, &labels).unwrap().unwrap();
        assert!((found.temperature - 1.0).abs() < 0.1, "{found:?}");
    }
}

#[test]
fn too_few_mistakes_give_no_temperature() {
    // Of 200 rows, `wrong` are predicted wrongly.
    let with = |wrong: usize| {
        let logits = [4.0, 0.0].repeat(200);
        let labels = (0..200).map(|row| usize::from(row < wrong)).collect();
        fit(&logits, &Targets::SingleLabel(labels)).unwrap().unwrap()
    };
    for wrong in [0, 1, MIN_MISTAKES - 1] {
        let found = with(wrong);
        assert_eq!((found.temperature, found.mistakes), (1.0, wrong));
        assert_eq!(found.outcome, CalibrationOutcome::TooFewMistakes);
        assert_eq!(found.log_loss_after, found.log_loss_before);
    }
    // A tenth is wrong where 2 % should be.
    let found = with(20);
    assert_eq!(found.outcome, CalibrationOutcome::Fitted);
    assert!(found.temperature > 1.3, "{found:?}");
}

#[test]
fn a_prior_holds_the_temperature_of_few_rows_nearer_to_1() {
    // A quarter is wrong at logits of 8, so that a temperature of 8 / ln 3 would be right.
    let with = |rows: usize| {
        let labels = (0..rows).map(|row| usize::from(row % 4 == 0)).collect();
        let found = fit(&[8.0, 0.0].repeat(rows), &Targets::SingleLabel(labels)).unwrap().unwrap();
        assert_eq!(found.outcome, CalibrationOutcome::Fitted);
        found.temperature
    };
    let right = 8.0 / 3.0_f64.ln();
    let (few, many) = (with(40), with(40_000));
    assert!((many / right - 1.0).abs() < 0.01, "{many} {right}");
    assert!((1.0..0.8 * right).contains(&few), "{few} {right}");
}

#[test]
fn a_temperature_without_a_clear_gain_is_not_used() {
    // Rows are wrong about as often as their probability says.
    let logits = [2.0, 0.0].repeat(100);
    let labels = (0..100).map(|row| usize::from(row < 13)).collect();
    let found = fit(&logits, &Targets::SingleLabel(labels)).unwrap().unwrap();
    let CalibrationOutcome::NoClearGain { temperature } = found.outcome else {
        panic!("{found:?}")
    };
    assert!((temperature - 1.0).abs() < 0.1 && found.temperature == 1.0, "{found:?}");
}

#[test]
fn sharpening_needs_stronger_evidence() {
    // 10 of 250 are wrong where 5.7 % should be: the gain is between one and two standard errors.
    let rows = |n: usize, wrong: usize| {
        let labels = (0..n).map(|row| usize::from(row < wrong)).collect();
        fit(&[2.8, 0.0].repeat(n), &Targets::SingleLabel(labels)).unwrap().unwrap()
    };
    let few = rows(300, 10);
    let CalibrationOutcome::NoClearGain { temperature } = few.outcome else { panic!("{few:?}") };
    assert!(temperature < 1.0);
    assert_eq!(rows(6_000, 200).outcome, CalibrationOutcome::Fitted);
}

#[test]
fn each_label_counts_in_a_multi_label_problem() {
    // Each pair is wrong in a tenth of the rows, with a probability of 0.98.
    let logits = [4.0, -4.0].repeat(100);
    let labels = (0..100).map(|row| match row {
        0..10 => vec![],
        10..20 => vec![0, 1],
        _ => vec![0],
    });
    let found = fit(&logits, &Targets::MultiLabel(labels.collect())).unwrap().unwrap();
    assert_eq!((found.mistakes, found.outcome), (20, CalibrationOutcome::Fitted));
    assert!((found.temperature - 4.0 / 9.0_f64.ln()).abs() < 0.2, "{found:?}");
    assert_eq!(fit(&[1.0], &Targets::Regression(vec![1.0])).unwrap(), None);
}
