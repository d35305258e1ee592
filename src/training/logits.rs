//! From logits to probabilities, in float64.

/// `log Σ e^z`, without overflow.
pub fn log_sum_exp(logits: &[f64]) -> f64 {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + logits.iter().map(|logit| (logit - max).exp()).sum::<f64>().ln()
}

/// `e^z / Σ e^z`, without overflow.
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let all = log_sum_exp(logits);
    logits.iter().map(|logit| (logit - all).exp()).collect()
}

/// `1 / (1 + e^−z)`
pub fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// `log(1 + e^z)`, without overflow.
pub fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// The index of the largest logit; the first of equal ones.
pub fn argmax(logits: &[f64]) -> usize {
    let larger = |best, index| if logits[index] > logits[best] { index } else { best };
    (0..logits.len()).fold(0, larger)
}
