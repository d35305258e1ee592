//! Cross-validation: every row is scored by a fit that has not seen it.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::dataset::Dataset;
use super::features::{Features, Standardisation};
use super::fit::{self, ClassWeights, Part};
use super::metrics::{Scores, calibration_error};
use super::search;

/// Near enough to score by; see [`search`].
const GRADIENT_NORM: f64 = 1e-4;

/// A score over the folds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Over the folds.
    pub mean: f64,
    /// The standard deviation of the folds, with one less than their number below.
    pub deviation: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self { mean, deviation: (squares / (n - 1.0)).sqrt() }
    }
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossScores {
    /// In how many parts.
    pub folds: usize,
    /// As [`Scores::accuracy`].
    pub accuracy: Spread,
    /// As [`Scores::macro_f1`].
    pub macro_f1: Spread,
    /// As [`Scores::log_loss`], of all rows out of fold.
    pub log_loss: f64,
    /// As [`calibration_error`], of all rows out of fold.
    pub calibration_error: f64,
}

/// What is held the same in every fold.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// At least 2.
    pub folds: usize,
    /// What rows are dealt with.
    pub seed: u64,
    /// See [`search`].
    pub strength: f64,
    /// Logits are divided by it.
    pub temperature: f64,
    /// See [`ClassWeights`].
    pub class_weights: ClassWeights,
}

/// Fits as often as there are folds, each time to the rows of all others. `done` is called after each.
///
/// # Errors
/// As [`fit::fit`].
pub fn cross_validate(
    dataset: &Dataset,
    features: &Features,
    plan: Plan,
    done: &mut dyn FnMut(),
) -> Result<CrossScores, TrainError> {
    let classes = dataset.labels.len();
    let labels: Vec<usize> = dataset.rows.iter().map(|row| row.label).collect();
    let dealt = deal(dataset, plan.folds, plan.seed);
    let (mut accuracies, mut f1s) = (Vec::new(), Vec::new());
    let (mut logits, mut truth) = (Vec::new(), Vec::new());
    for fold in 0..plan.folds {
        let part = |inside: bool| -> Vec<usize> {
            (0..labels.len()).filter(|&row| (dealt[row] == fold) == inside).collect()
        };
        let (scored, fitted) = (part(true), part(false));
        let scale = Standardisation::of(features, &fitted);
        let part = |rows: &[usize], weights| {
            Part::new(features, &labels, rows, &scale, (classes, weights))
        };
        let fitting = part(&fitted, plan.class_weights)?;
        let found = fit::fit(&fitting, plan.strength, GRADIENT_NORM, fit::zeros(&fitting)?)?;
        let (z, y) = search::logits(&found.parameters, &part(&scored, ClassWeights::None)?)?;
        let z: Vec<f64> = z.into_iter().map(|logit| logit / plan.temperature).collect();
        let scores = Scores::of(&z, &y, classes);
        accuracies.push(scores.accuracy);
        f1s.push(scores.macro_f1);
        logits.extend(z);
        truth.extend(y);
        done();
    }
    Ok(CrossScores {
        folds: plan.folds,
        accuracy: Spread::of(&accuracies),
        macro_f1: Spread::of(&f1s),
        log_loss: Scores::of(&logits, &truth, classes).log_loss,
        calibration_error: calibration_error(&logits, &truth, classes),
    })
}

/// The fold of each row. Each label is spread evenly, and rows of one text are in one fold, so that no
/// text is scored by a fit that has seen it.
fn deal(dataset: &Dataset, folds: usize, seed: u64) -> Vec<usize> {
    let mut rows_of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, of) in dataset.rows.iter().enumerate() {
        rows_of.entry(&of.text).or_default().push(row);
    }
    let mut random = StdRng::seed_from_u64(seed);
    let mut dealt = vec![0; dataset.rows.len()];
    // Where one label ends the next goes on, so that folds are of one size.
    let mut next = 0;
    for label in 0..dataset.labels.len() {
        let of_label = rows_of.values().filter(|rows| dataset.rows[rows[0]].label == label);
        let mut texts: Vec<&Vec<usize>> = of_label.collect();
        texts.shuffle(&mut random);
        for rows in texts {
            rows.iter().for_each(|&row| dealt[row] = next % folds);
            next += 1;
        }
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::dataset::{Row, Source};

    /// Texts 0 to 199, the first hundred twice; every fourth is of label 1, as its feature says.
    fn data() -> (Dataset, Features) {
        let texts: Vec<usize> = (0..200).chain(0..100).collect();
        let label = |at: usize| usize::from(at.is_multiple_of(4));
        let rows = texts.iter().map(|&at| Row { text: at.to_string(), label: label(at) });
        let value = |at: usize| label(at) as f32 + ((at * 37 % 101) as f32 - 50.0) / 60.0;
        let values = texts.iter().map(|&at| value(at)).collect();
        let source = Source { file: String::new(), sha256: String::new(), header: false };
        let labels = ["no", "yes"].map(str::to_owned).into();
        let dataset = Dataset { rows: rows.collect(), labels, source };
        (dataset, Features { rows: 300, width: 1, values })
    }

    const PLAN: Plan = Plan {
        folds: 5,
        seed: 1,
        strength: 1.0,
        temperature: 1.0,
        class_weights: ClassWeights::None,
    };

    #[test]
    fn folds_are_even_have_each_label_and_keep_a_text_together() {
        let (dataset, _) = data();
        let dealt = deal(&dataset, 5, 1);
        for fold in 0..5 {
            let rows = || (0..300).filter(|&row| dealt[row] == fold);
            assert!((50..=70).contains(&rows().count()), "{}", rows().count());
            let ones = rows().filter(|&row| dataset.rows[row].label == 1).count();
            assert!((10..=20).contains(&ones), "{ones}");
        }
        assert!((0..100).all(|row| dealt[row] == dealt[200 + row]));
        assert_eq!(dealt, deal(&dataset, 5, 1));
        assert_ne!(dealt, deal(&dataset, 5, 2));
    }

    #[test]
    fn rows_are_scored_by_fits_that_have_not_seen_them() {
        let (dataset, mut features) = data();
        let mut fits = 0;
        let scores = cross_validate(&dataset, &features, PLAN, &mut || fits += 1).unwrap();
        assert_eq!((fits, scores.folds), (5, 5));
        assert!(scores.accuracy.mean > 0.8 && scores.accuracy.deviation > 0.0, "{scores:?}");
        // Where the feature says nothing, the larger label is all that can be known.
        features.values.fill(0.0);
        let blind = cross_validate(&dataset, &features, PLAN, &mut || ()).unwrap();
        assert!((blind.accuracy.mean - 0.75).abs() < 0.03, "{blind:?}");
        assert!(blind.calibration_error < 0.03, "{blind:?}");
    }

    #[test]
    fn a_spread_is_that_computed_by_hand() {
        let spread = Spread::of(&[1.0, 2.0, 6.0]);
        assert!(
            (spread.mean - 3.0).abs() < 1e-15 && (spread.deviation - 7.0_f64.sqrt()).abs() < 1e-15
        );
    }
}
