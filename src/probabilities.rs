//! From logits to probabilities, in float64. `libm` gives the same bits on every platform.

/// `1 / (1 + e^−z)`
pub fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-z))
}

/// `e^z / Σ e^z`, without overflow: the maximum is subtracted, so that no exponent is above 0.
pub fn softmax(logits: impl Iterator<Item = f64> + Clone) -> impl Iterator<Item = f64> {
    let max = logits.clone().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.map(|z| libm::exp(z - max)).collect();
    let total: f64 = powers.iter().sum();
    powers.into_iter().map(move |power| power / total)
}
