//! From logits to predictions.

use super::out_of_fold::OutOfFold;
use super::temperature::{self, Calibration};
use super::thresholds::{self, ThresholdChoice};
use crate::training::data::Targets;
use crate::training::error::TrainError;

/// Temperature and thresholds, chosen out of fold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DecisionRule {
    /// The temperature that logits are divided by; none in a regression.
    pub calibration: Option<Calibration>,
    /// In a multi-label problem, the probability from which each label is predicted, `(k)`.
    pub thresholds: Option<Vec<f32>>,
    /// How they were chosen.
    pub threshold_choice: Option<ThresholdChoice>,
}

impl DecisionRule {
    /// Chooses the temperature, and with it the thresholds, by outputs out of fold.
    ///
    /// # Errors
    /// A solver failed.
    pub fn choose(found: &OutOfFold) -> Result<Self, TrainError> {
        let OutOfFold { outputs, targets, folds, .. } = found;
        let calibration = temperature::fit(outputs, targets)?;
        let mut rule = Self { calibration, ..Self::default() };
        if let Targets::MultiLabel(labels) = targets {
            let (thresholds, chosen) =
                thresholds::choose(&rule.scale(outputs.clone()), labels, folds);
            (rule.thresholds, rule.threshold_choice) = (Some(thresholds), Some(chosen));
        }
        Ok(rule)
    }

    /// The temperature; 1 in a regression.
    pub fn temperature(&self) -> f64 {
        self.calibration.map_or(1.0, |calibration| calibration.temperature)
    }

    /// Logits divided by the temperature.
    pub fn scale(&self, outputs: Vec<f64>) -> Vec<f64> {
        let temperature = self.temperature();
        outputs.into_iter().map(|output| output / temperature).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_of_the_probabilities_after_the_temperature() {
        // A label that a third of the rows has, found with a probability of 0.2 before logits were made
        // three times as large; some rows are wrong.
        let z = |p: f64| 3.0 * (p / (1.0 - p)).ln();
        let row = |at: usize| match (at.is_multiple_of(3), at.is_multiple_of(10)) {
            (true, false) | (false, true) => z(0.2),
            _ => z(0.05),
        };
        let labels =
            (0..900).map(|at: usize| if at.is_multiple_of(3) { vec![0] } else { vec![] }).collect();
        let found = OutOfFold {
            outputs: (0..900).map(row).collect(),
            targets: Targets::MultiLabel(labels),
            folds: (0..900).map(|at| at % 5).collect(),
            unconverged: 0,
        };
        let rule = DecisionRule::choose(&found).unwrap();
        assert!(rule.temperature() > 1.5, "{rule:?}");
        let Targets::MultiLabel(labels) = &found.targets else { panic!() };
        let chosen = |outputs: &[f64]| thresholds::choose(outputs, labels, &found.folds).0;
        let scaled = rule.scale(found.outputs.clone());
        assert_eq!(rule.thresholds, Some(chosen(&scaled)));
        assert_ne!(rule.thresholds, Some(chosen(&found.outputs)));
    }
}
