//! From logits to answers.

use super::temperature::Calibration;

/// What turns logits into answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The temperature that logits are divided by; none for numbers.
    pub calibration: Option<Calibration>,
    /// Where several labels may hold, how probable each must be to be named, `(k)`.
    pub thresholds: Option<Vec<f32>>,
}

impl Decision {
    /// What logits are divided by.
    pub fn temperature(&self) -> f64 {
        self.calibration.map_or(1.0, |calibration| calibration.temperature)
    }

    /// Logits over the temperature.
    pub fn scale(&self, outputs: Vec<f64>) -> Vec<f64> {
        let temperature = self.temperature();
        outputs.into_iter().map(|output| output / temperature).collect()
    }
}
