//! The input of all fits.

use crate::training::data::{Dataset, Targets};
use crate::training::features::Features;
use crate::training::options::{ClassWeights, TrainingOptions};

/// Features and targets of all rows, and how much the rows count.
#[derive(Debug, Clone, Copy)]
pub struct TrainingData<'a> {
    /// `(n,d)`
    pub features: &'a Features,
    /// `(n)`
    pub targets: &'a Targets,
    /// `k`, the number of a head's outputs.
    pub outputs: usize,
    /// How much rows count.
    pub class_weights: ClassWeights,
    /// See [`TrainingOptions::weighted_layers`].
    pub weighted_layers: Option<usize>,
}

impl<'a> TrainingData<'a> {
    /// From a data set and the features of its rows.
    pub fn new(dataset: &'a Dataset, features: &'a Features, options: &TrainingOptions) -> Self {
        Self {
            features,
            targets: &dataset.targets,
            outputs: dataset.labels.len(),
            class_weights: options.class_weights,
            weighted_layers: options.weighted_layers,
        }
    }
}
