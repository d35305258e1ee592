//! The trials of a search.

use serde::{Deserialize, Serialize};

/// A strength that was tried, and its result on rows that weren't fitted: the validation part, or with
/// few rows all training rows out of fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Regularisation strength, `C` as in scikit-learn: large is weak.
    pub strength: f64,
    /// See `fit::loss`; with the same class weights as the fit.
    pub loss: f64,
    /// The first of `Scores::metrics`; in a multi-label problem with thresholds of 0.5.
    pub score: f64,
    /// Iterations from the end of the trial before it; of all folds together.
    pub iterations: u64,
    /// Whether the gradient became small enough to compare strengths.
    pub converged: bool,
}

/// An epoch of a fit of hidden layers, and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// The mean loss of its steps, with dropout.
    pub fitting_loss: f64,
    /// The validation loss after it, without dropout.
    pub loss: f64,
    /// As [`Trial::score`].
    pub score: f64,
}

/// Everything that was tried, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchTrials {
    /// Strengths of one layer.
    Strengths(Vec<Trial>),
    /// Epochs of hidden layers.
    Epochs(Vec<Epoch>),
}
