//! The choices that a user has in training, and their defaults.

use serde::{Deserialize, Serialize};

use crate::model::head::DenseActivation;

/// The options of a training run.
#[derive(Debug, Clone, Default)]
pub struct TrainingOptions {
    /// Seed of all random choices: the validation part, folds, and the fits of hidden layers.
    pub seed: u64,
    /// How layers are fitted.
    pub method: Method,
    /// The weight of the rows of each label.
    pub class_weights: ClassWeights,
    /// Number of encoder layers side by side in the features, if their weights will be learned.
    pub weighted_layers: Option<usize>,
    /// Number of folds of a cross-validation, at least 2; none for no cross-validation.
    pub folds: Option<usize>,
}

/// The fully connected layers of a head, and how they are fitted.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// One layer.
    Linear {
        /// Regularisation strengths to try, `C` as in scikit-learn: above 0 and ascending.
        strengths: Vec<f64>,
    },
    /// Several layers.
    Hidden(HiddenLayers),
}

/// Half a decade apart, from strong to weak regularisation. 1,536 standardised features of 8,500
/// texts are best near 0.003; fewer features need a larger strength.
pub const STRENGTHS: [f64; 13] =
    [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0, 10.0];

impl Default for Method {
    fn default() -> Self {
        Self::Linear { strengths: STRENGTHS.to_vec() }
    }
}

/// Hidden layers and how they are fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HiddenLayers {
    /// Width of each hidden layer, above 0; at least one layer.
    pub widths: Vec<usize>,
    /// The activation after each hidden layer.
    pub activation: DenseActivation,
    /// The share of each hidden layer's outputs that a step drops, from 0 to below 1.
    pub dropout: f64,
    /// Learning rate, above 0.
    pub learning_rate: f64,
    /// Most epochs, above 0.
    pub epochs: usize,
    /// The fit stops after this many consecutive epochs without a smaller validation loss; above 0.
    pub patience: usize,
}

impl Default for HiddenLayers {
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

/// The weight of the rows of a label in a fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// All rows count the same.
    #[default]
    None,
    /// All labels count the same: a row counts `n / (k · rows of its label)`, as in scikit-learn.
    /// In a multi-label problem, for each label, the rows that have it count as much in total as
    /// the rows that don't.
    Balanced,
}

impl ClassWeights {
    /// Whether all rows count the same.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}
