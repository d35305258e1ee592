//! Heads: fully connected layers over a recipe's row, with labels. `(features) → (classes)`.
//!
//! Plain numbers in and out; no tensor, no request.

pub mod decision;
mod dense;
mod descriptor;
mod folder;
mod save;
mod split;

use std::sync::Arc;

use super::checkpoint::{Checkpoint, CheckpointError, ProblemType};
use super::recipe::{Combine, Pooling, Recipe, RecipeRef, ResolvedRecipe, Shape};

pub use dense::{Activation, Dense};
pub use descriptor::{Descriptor, OutputActivation};
pub use folder::{HeadError, HeadFiles, check_name};
pub use save::SaveError;
pub use split::{Inseparable, Projection, Split};

/// A head that is ready to compute.
#[derive(Debug)]
pub struct Head {
    name: String,
    version: String,
    descriptor: Descriptor,
    recipe: Arc<ResolvedRecipe>,
    layers: Vec<Dense>,
}

impl Head {
    /// The name of a checkpoint's own classifier.
    pub const CHECKPOINT: &str = "checkpoint";

    /// Its name: its folder's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What tells it from another of the same name; see [`HeadFiles::version`]. Of a checkpoint's own
    /// classifier the encoder's fingerprint.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it says of itself.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The features that it reads.
    pub fn recipe(&self) -> &ResolvedRecipe {
        &self.recipe
    }

    /// `(features) → (classes)`, before temperature.
    pub fn logits(&self, features: &[f32]) -> Vec<f32> {
        let mut layers = self.layers.iter();
        let first = layers.next().map(|layer| layer.forward(features)).unwrap_or_default();
        layers.fold(first, |row, layer| layer.forward(&row))
    }

    /// The checkpoint's own classifier, computed as transformers does: pooler, tanh, classifier
    /// on the last layer's first row. `None` where the checkpoint has none.
    ///
    /// # Errors
    /// The config announces a classifier and a tensor of it is absent or misshapen.
    pub fn of_checkpoint(
        checkpoint: &Checkpoint,
        shape: Shape,
        fingerprint: &str,
    ) -> Result<Option<Self>, CheckpointError> {
        let config = &checkpoint.config;
        if !config.is_classifier {
            return Ok(None);
        }
        let (c, classes) = (config.hidden_size, config.labels.len());
        let read = |name: &str, shape: &[usize]| checkpoint.weights.read(name, shape);
        let pooler = Dense::new(
            read("pooler.dense.weight", &[c, c])?,
            read("pooler.dense.bias", &[c])?,
            Activation::Tanh,
        );
        let classifier = Dense::new(
            read("classifier.weight", &[classes, c])?,
            read("classifier.bias", &[classes])?,
            Activation::Identity,
        );
        let (problem_type, activation) = meaning(config.problem_type, classes);
        let recipe = Recipe {
            layers: vec![-1],
            combine: Combine::Mean,
            pooling: Pooling::Cls,
            ..Recipe::default()
        };
        let resolved = recipe
            .resolve(shape)
            .map_err(|error| CheckpointError::invalid(&checkpoint.dir, error.to_string()))?;
        let descriptor = Descriptor {
            labels: config.labels.clone(),
            recipe: RecipeRef::Object(recipe),
            problem_type,
            activation,
            temperature: 1.0,
            thresholds: None,
            hidden_activation: Some(Activation::Tanh),
            encoder: fingerprint.to_owned(),
            weights_sha256: String::new(),
            training: None,
        };
        Ok(Some(Self {
            name: Self::CHECKPOINT.to_owned(),
            version: fingerprint.to_owned(),
            descriptor,
            recipe: Arc::new(resolved),
            layers: vec![pooler, classifier],
        }))
    }
}

/// What a checkpoint's outputs mean. Without a `problem_type`, one label means sigmoid and more
/// mean softmax, as in transformers' own pipeline.
fn meaning(written: Option<ProblemType>, classes: usize) -> (ProblemType, OutputActivation) {
    use ProblemType::{MultiLabelClassification, Regression, SingleLabelClassification};
    match written {
        Some(MultiLabelClassification) => (MultiLabelClassification, OutputActivation::Sigmoid),
        Some(Regression) => (Regression, OutputActivation::None),
        None if classes == 1 => (SingleLabelClassification, OutputActivation::Sigmoid),
        Some(SingleLabelClassification) | None => {
            (SingleLabelClassification, OutputActivation::Softmax)
        }
    }
}
