//! One fully connected layer, fitted at one strength: logistic regression, multinomial or for each
//! label, or ridge regression.
//!
//! Letters: `n` rows, `d` features, `k` outputs. With `W (k,d)`, `b (k)` and `C` the strength as
//! scikit-learn has it (large `C`, weak regularisation), what is minimised is
//!
//! ```text
//! mean over rows of the loss at W·x + b  +  a/(2·C·n) · Σ W²      a = 2 for one of two labels, else 1
//! ```
//!
//! scikit-learn's `C · Σ loss + ½ Σ W²` divided by `C·n`: the same minimum; of ridge regression `C` is
//! `1/alpha`. It fits two classes with one vector `v = w₁ − w₀`; there `w₁ = −w₀` at the minimum, so
//! `½ v² = Σ W²` and `a = 2`. The bias is not regularised. The minimum is unique but for a constant on
//! all biases, so the start decides nothing but the time.
//!
//! Where the factors of encoder layers are learnt too, `linear/tied.rs` says how.

mod fit;
mod layer_weights;
mod objective;

pub use fit::{Convergence, FINE, Fitted, ROUGH, fit, layers, zeros};

#[cfg(test)]
mod tests;
