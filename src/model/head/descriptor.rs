//! `head.json`: the meaning of a head's outputs, its features, and the encoder it was made for.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::model::checkpoint::ProblemType;
use crate::model::dense::DenseActivation;
use crate::model::recipe::RecipeRef;

/// What turns logits into probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputActivation {
    /// `e^z / Σ e^z` over the labels.
    Softmax,
    /// `1 / (1 + e^-z)` for each label.
    Sigmoid,
    /// No activation: there are only logits.
    None,
}

/// The description of a head: the content of `head.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descriptor {
    /// The labels, in the order of the outputs.
    pub labels: Vec<String>,
    /// The features that the head reads.
    pub recipe: RecipeRef,
    /// Whether one label holds, any number of them, one for each token, or the outputs are numbers.
    pub problem_type: ProblemType,
    /// What turns logits into probabilities.
    pub activation: OutputActivation,
    /// Logits are divided by it before the activation.
    #[serde(default = "one")]
    pub temperature: f32,
    /// For multi-label classification: the probability from which each label is predicted; 0.5 by
    /// default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Vec<f32>>,
    /// The activation between the dense layers, if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_activation: Option<DenseActivation>,
    /// The fingerprint of the encoder that the head was made for.
    pub encoder: String,
    /// SHA-256 of `head.safetensors`, in hexadecimal.
    pub weights_sha256: String,
    /// How the head was trained and its scores; for human readers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<serde_json::Value>,
}

fn one() -> f32 {
    1.0
}

impl Descriptor {
    /// A description with the activation that fits the problem type: softmax for one label, sigmoid
    /// for several, none for regression. `weights_sha256` is filled in by [`Descriptor::save`].
    pub fn new(
        problem_type: ProblemType,
        labels: Vec<String>,
        recipe: RecipeRef,
        encoder: String,
    ) -> Self {
        let activation = match problem_type {
            ProblemType::SingleLabelClassification | ProblemType::TokenClassification => {
                OutputActivation::Softmax
            }
            ProblemType::MultiLabelClassification => OutputActivation::Sigmoid,
            ProblemType::Regression => OutputActivation::None,
        };
        Self {
            labels,
            recipe,
            problem_type,
            activation,
            temperature: one(),
            thresholds: None,
            hidden_activation: None,
            encoder,
            weights_sha256: String::new(),
            training: None,
        }
    }

    /// Checks labels, temperature and thresholds. An error says what is invalid.
    pub(super) fn check(&self) -> Result<(), String> {
        let labels = self.labels.len();
        if labels == 0 {
            return Err("labels is empty; at least one is needed".to_owned());
        }
        let mut known = HashSet::new();
        if let Some(label) = self.labels.iter().find(|label| !known.insert(label.as_str())) {
            return Err(format!("labels lists \"{label}\" twice"));
        }
        if !self.temperature.is_finite() || self.temperature <= 0.0 {
            return Err(format!("temperature is {}; it must be above 0", self.temperature));
        }
        let Some(thresholds) = &self.thresholds else { return Ok(()) };
        if self.problem_type != ProblemType::MultiLabelClassification {
            return Err("thresholds are only allowed with multi_label_classification".to_owned());
        }
        if thresholds.len() != labels {
            return Err(format!("{} thresholds for {labels} labels", thresholds.len()));
        }
        if !thresholds.iter().all(|threshold| (0.0..=1.0).contains(threshold)) {
            return Err("a threshold is not between 0 and 1".to_owned());
        }
        Ok(())
    }
}
