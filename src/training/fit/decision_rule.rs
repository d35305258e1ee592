//! From logits to predictions.

use super::temperature::Calibration;

/// Temperature and thresholds, chosen on the validation part.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRule {
    /// The temperature that logits are divided by; none in a regression.
    pub calibration: Option<Calibration>,
    /// In a multi-label problem, the probability from which each label is predicted, `(k)`.
    pub thresholds: Option<Vec<f32>>,
}

impl DecisionRule {
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
