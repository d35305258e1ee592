//! The checkpoint's own classifier, as a head.

use std::sync::Arc;

use super::classifier::Head;
use super::descriptor::{Descriptor, OutputActivation};
use crate::model::checkpoint::spec::{ClassifierLayer, ClassifierSpec};
use crate::model::checkpoint::{Checkpoint, CheckpointError, ProblemType, ScoreActivation};
use crate::model::recipe::{Combine, Recipe, RecipeRef, Shape};

impl Head {
    /// The checkpoint's own classifier, computed as transformers does over the last layer. `None` if
    /// the checkpoint has no classifier.
    ///
    /// # Errors
    /// The config declares a classifier and one of its tensors is missing or has another shape.
    pub fn from_checkpoint(
        checkpoint: &Checkpoint,
        shape: Shape,
        fingerprint: &str,
    ) -> Result<Option<Self>, CheckpointError> {
        let Some(config) = &checkpoint.config.classifier else { return Ok(None) };
        let ClassifierSpec { pooling, layers } = &config.spec;
        let (problem_type, activation) = interpretation(config.problem_type, config.labels.len());
        let own = config.score_activation.clone().map_err(|message| {
            CheckpointError::invalid(&checkpoint.encoder_dir.join("config.json"), message)
        });
        let score_activation = match checkpoint.sentence.score_activation.map_or(own, Ok)? {
            ScoreActivation::Identity => OutputActivation::None,
            ScoreActivation::Sigmoid => OutputActivation::Sigmoid,
        };
        let recipe = Recipe {
            layers: vec![-1],
            combine: Combine::Mean,
            pooling: *pooling,
            ..Recipe::default()
        };
        let resolved = recipe
            .resolve(shape)
            .map_err(|error| CheckpointError::invalid(&checkpoint.dir, error.to_string()))?;
        let labels = config.labels.clone();
        let encoder = fingerprint.to_owned();
        let descriptor = Descriptor {
            activation,
            hidden_activation: layers.iter().find_map(|layer| match layer {
                ClassifierLayer::Dense(_, activation) => Some(*activation),
                ClassifierLayer::Norm(_) => None,
            }),
            ..Descriptor::new(problem_type, labels, RecipeRef::Object(recipe), encoder)
        };
        Ok(Some(Self {
            name: Self::CHECKPOINT.to_owned(),
            version: fingerprint.to_owned(),
            descriptor,
            recipe: Arc::new(resolved),
            layers: checkpoint.weights.read_classifier(layers)?,
            score_activation: Some(score_activation),
            tagger: None,
        }))
    }
}

/// How a checkpoint's outputs are interpreted, as in transformers' own pipeline: unless it is a
/// regression, one label means sigmoid, since a softmax over one number is always 1, and without a
/// `problem_type` in the config several mean softmax.
fn interpretation(
    problem_type: Option<ProblemType>,
    classes: usize,
) -> (ProblemType, OutputActivation) {
    use ProblemType::{
        MultiLabelClassification, Regression, SingleLabelClassification, TokenClassification,
    };
    match problem_type {
        Some(MultiLabelClassification) => (MultiLabelClassification, OutputActivation::Sigmoid),
        Some(Regression) => (Regression, OutputActivation::None),
        Some(SingleLabelClassification) | None if classes == 1 => {
            (SingleLabelClassification, OutputActivation::Sigmoid)
        }
        // A checkpoint's `problem_type` is never that of tokens.
        Some(SingleLabelClassification | TokenClassification) | None => {
            (SingleLabelClassification, OutputActivation::Softmax)
        }
    }
}
