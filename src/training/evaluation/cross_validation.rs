//! Cross-validation: every row is scored by a fit that has not seen it.

use super::fold_scores::{CrossValidationScores, FoldScores};
use crate::training::error::TrainError;
use crate::training::fit::{DecisionRule, OutOfFold};
use crate::training::metrics::{Scores, calibration_error};

/// Scores outputs out of fold. The temperature and the thresholds for a fold are chosen by the other
/// folds, so that no row helps to choose what it is scored with.
///
/// # Errors
/// A solver failed.
pub fn cross_validate(found: &OutOfFold) -> Result<CrossValidationScores, TrainError> {
    let count = found.folds.iter().max().map_or(0, |last| last + 1);
    let mut metrics = Vec::with_capacity(count);
    let mut all = found.clone();
    for fold in 0..count {
        let (scored, positions, others) = found.divide(fold);
        let decision = DecisionRule::choose(&others)?;
        let outputs = decision.scale(scored.outputs);
        let thresholds = decision.thresholds.as_deref();
        metrics.push(Scores::new(&outputs, &scored.targets, thresholds).metrics());
        all.put(&positions, &outputs);
    }
    let scores = |metric: usize| {
        let folds = metrics.iter().map(|metrics| metrics[metric].value).collect();
        FoldScores::new(&metrics[0][metric], folds)
    };
    Ok(CrossValidationScores {
        scores: [scores(0), scores(1)],
        unconverged: found.unconverged,
        log_loss: Scores::new(&all.outputs, &all.targets, None).log_loss(),
        calibration_error: calibration_error(&all.outputs, &all.targets),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::data::Targets;

    /// 200 rows in 4 folds; a label is predicted with a logit of `z`, wrongly in one row of ten.
    fn found(z: f64) -> OutOfFold {
        let predicted = |row: usize| if row.is_multiple_of(10) { -z } else { z };
        OutOfFold {
            outputs: (0..200).flat_map(|row| [0.0, predicted(row)]).collect(),
            targets: Targets::SingleLabel(vec![1; 200]),
            folds: (0..200).map(|row| row / 50).collect(),
            unconverged: 1,
        }
    }

    #[test]
    fn every_fold_is_scored_with_a_temperature_of_the_others() {
        let scores = cross_validate(&found(9.0)).unwrap();
        assert_eq!((scores.scores[0].metric.as_str(), scores.unconverged), ("accuracy", 1));
        assert_eq!(scores.scores[0].folds, [0.9; 4]);
        // Nine of ten are right, so that a logit of ln 9 would be, and its loss is that of a coin
        // which falls so.
        let loss = -(0.9 * 0.9_f64.ln() + 0.1 * 0.1_f64.ln());
        assert!((scores.log_loss.unwrap() / loss - 1.0).abs() < 0.05, "{scores:?}");
        // Where one fold alone is wrong, its temperature doesn't know of it.
        let mut one = found(9.0);
        for row in 0..200 {
            let wrong = row < 50 && row % 2 == 0;
            one.outputs[2 * row + 1] = if wrong { -9.0 } else { 9.0 };
        }
        let scores = cross_validate(&one).unwrap();
        assert!(scores.log_loss.unwrap() > 25.0 / 200.0 * 9.0, "{scores:?}");
    }

    #[test]
    fn every_fold_has_thresholds_of_the_others() {
        // Of two labels the first is predicted with a probability of 0.2.
        let z = |p: f64| (p / (1.0 - p)).ln();
        let labels = (0..400).map(|row| if row % 4 < 2 { vec![0] } else { vec![1] });
        let logits = |row: usize| if row % 4 < 2 { [z(0.2), -9.0] } else { [-9.0, 9.0] };
        let found = OutOfFold {
            outputs: (0..400).flat_map(logits).collect(),
            targets: Targets::MultiLabel(labels.collect()),
            folds: (0..400).map(|row| row / 100).collect(),
            unconverged: 0,
        };
        assert_eq!(cross_validate(&found).unwrap().scores[0].mean, 1.0);
    }
}
