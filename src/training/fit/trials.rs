//! What a search tried.

use serde::{Deserialize, Serialize};

/// A strength that was tried, and how it did on the validation part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// `C` in scikit-learn's sense: large is weak regularisation.
    pub strength: f64,
    /// See [`loss`]; with class weights, rows count in it as they do in the fit.
    pub loss: f64,
    /// The first of [`Scores::metrics`], of several labels with thresholds of 0.5.
    pub score: f64,
    /// From where the trial before it ended.
    pub iterations: u64,
    /// Whether the gradient became small enough to compare strengths by.
    pub converged: bool,
}

/// A pass over the rows, and how it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// The mean loss of its steps, dropout included.
    pub fitting_loss: f64,
    /// After it, on the validation part, without dropout.
    pub loss: f64,
    /// As [`Trial::score`].
    pub score: f64,
}

/// All that was tried, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tried {
    /// Of one layer.
    Strengths(Vec<Trial>),
    /// Of several.
    Epochs(Vec<Epoch>),
}
