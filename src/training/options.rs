//! What may be chosen about training.

use serde::{Deserialize, Serialize};

use crate::model::head::DenseActivation;

/// What may be chosen about training.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What is drawn with: the validation part, and what descent draws.
    pub seed: u64,
    /// How layers are fitted.
    pub method: Method,
    /// What the rows of a label count.
    pub class_weights: ClassWeights,
    /// How many encoder layers lie side by side in the features, where their factors are to be learnt.
    pub tied: Option<usize>,
    /// In how many parts rows are cross-validated; none for not at all, else at least 2.
    pub folds: Option<usize>,
}

/// Which fully connected layers there are to be, and how they are fitted.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// One.
    Linear {
        /// Strengths to try, `C` in scikit-learn's sense: above 0 and ascending.
        strengths: Vec<f64>,
    },
    /// Several.
    Hidden(Hidden),
}

/// Half a decade apart, from strong to weak. 1,536 standardised features of 8,500 texts are best
/// off near 0.003; fewer features want more.
pub const STRENGTHS: [f64; 13] =
    [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0, 10.0];

impl Default for Method {
    fn default() -> Self {
        Self::Linear { strengths: STRENGTHS.to_vec() }
    }
}

/// Hidden layers and how they are fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hidden {
    /// Columns of each hidden layer, at least one layer, each above 0.
    pub widths: Vec<usize>,
    /// What follows each.
    pub activation: DenseActivation,
    /// The share of each hidden layer's columns that a step leaves out, from 0 to below 1.
    pub dropout: f64,
    /// How far a step goes, above 0.
    pub learning_rate: f64,
    /// Passes over the rows at most, above 0.
    pub epochs: usize,
    /// Descent ends after so many passes in a row that don't make the validation loss less; above 0.
    pub patience: usize,
}

impl Default for Hidden {
    /// One layer of 256.
    fn default() -> Self {
        Self {
            widths: vec![256],
            activation: DenseActivation::Relu,
            dropout: 0.1,
            learning_rate: 1e-3,
            epochs: 100,
            patience: 5,
        }
    }
}

/// What the rows of a label count in a fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// Each row as much as any other.
    #[default]
    None,
    /// All rows of a label as much as those of any other: `n / (k · rows of the label)`, as
    /// scikit-learn has it. Where several labels may hold, for each of them the rows with it as much as
    /// those without.
    Balanced,
}

impl ClassWeights {
    /// Whether rows all count the same.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}
