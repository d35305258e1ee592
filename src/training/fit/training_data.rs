//! Features and targets, and what rows count.

use crate::training::data::{Dataset, Targets};
use crate::training::features::Features;
use crate::training::options::{ClassWeights, Settings};

/// All rows that there are, and what they count.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// `(n,d)`
    pub features: &'a Features,
    /// `(n)`
    pub targets: &'a Targets,
    /// `k`, what a head has to put out.
    pub outputs: usize,
    /// What rows count.
    pub class_weights: ClassWeights,
    /// See [`Settings::tied`].
    pub tied: Option<usize>,
}

impl<'a> Data<'a> {
    /// `features` are of the rows of `dataset`.
    pub fn of(dataset: &'a Dataset, features: &'a Features, settings: &Settings) -> Self {
        Self {
            features,
            targets: &dataset.targets,
            outputs: dataset.labels.len(),
            class_weights: settings.class_weights,
            tied: settings.tied,
        }
    }
}
