//! One fully connected layer, fitted with one regularisation strength: multinomial logistic
//! regression, one logistic regression per label, or ridge regression.
//!
//! Letters: `n` rows, `d` features, `k` outputs, `W (k,d)`, `b (k)`, and `C`, the strength as in
//! scikit-learn (large `C` is weak regularisation). The fit minimises
//!
//! ```text
//! mean over rows of the loss at W·x + b  +  a/(2·C·n) · Σ W²
//! ```
//!
//! where `a = 2` in a single-label problem with two labels, and otherwise 1. This is scikit-learn's
//! `C · Σ loss + ½ Σ W²` divided by `C·n`, so it has the same minimum; in ridge regression `C` is
//! `1/alpha`. For two classes scikit-learn fits one vector `v = w₁ − w₀`; here `w₁ = −w₀` at the
//! minimum, so `½ v² = Σ W²` and `a = 2`. The bias is not regularised. The minimum is unique except
//! for a constant added to all biases, so the start affects only the time.
//!
//! `layer_weights` has the differences if layer weights are learned too.

mod fit;
mod layer_weights;
mod objective;

pub use fit::{
    Convergence, FINAL_TOLERANCE, LinearFit, SEARCH_TOLERANCE, fit, fitted_layers, zeros,
};

#[cfg(test)]
mod tests;
