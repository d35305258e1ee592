//! `head.json`: what a head's outputs mean, what it reads, and which encoder it was made for.

use serde::{Deserialize, Serialize};

use super::Activation;
use crate::model::checkpoint::ProblemType;
use crate::model::recipe::RecipeRef;

/// What turns logits into probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputActivation {
    /// `e^z / Σ e^z`, over the labels.
    Softmax,
    /// `1 / (1 + e^-z)`, each label for itself.
    Sigmoid,
    /// None: there are only logits.
    None,
}

/// A head's description, as `head.json` has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descriptor {
    /// What the outputs stand for, in their order.
    pub labels: Vec<String>,
    /// Which features go in.
    pub recipe: RecipeRef,
    /// One label, several, or numbers.
    pub problem_type: ProblemType,
    /// What turns logits into probabilities.
    pub activation: OutputActivation,
    /// Logits are divided by it before the activation.
    #[serde(default = "one")]
    pub temperature: f32,
    /// For several labels: how probable each must be to be named; 0.5 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Vec<f32>>,
    /// Between the fully connected layers, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_activation: Option<Activation>,
    /// The fingerprint of the encoder that it was made for.
    pub encoder: String,
    /// SHA-256 of `head.safetensors`, in hexadecimal.
    pub weights_sha256: String,
    /// How it was trained and what it scored; for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<serde_json::Value>,
}

fn one() -> f32 {
    1.0
}

impl Descriptor {
    /// With the activation that goes with the problem: softmax over labels of which one holds, sigmoid
    /// over those of which several may, none over numbers. The sum of the weights is still to come.
    pub fn new(
        problem_type: ProblemType,
        labels: Vec<String>,
        recipe: RecipeRef,
        encoder: String,
    ) -> Self {
        let activation = match problem_type {
            ProblemType::SingleLabelClassification => OutputActivation::Softmax,
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

    /// What in it can't be, in words; `None` where all is well.
    pub(super) fn problem(&self) -> Option<String> {
        let labels = self.labels.len();
        if labels == 0 {
            return Some("labels is empty; at least one is needed".to_owned());
        }
        if let Some(twice) =
            self.labels.iter().enumerate().find(|(at, label)| self.labels[..*at].contains(label))
        {
            return Some(format!("labels lists \"{}\" twice", twice.1));
        }
        if !self.temperature.is_finite() || self.temperature <= 0.0 {
            return Some(format!("temperature is {}; it must be above 0", self.temperature));
        }
        match &self.thresholds {
            Some(_) if self.problem_type != ProblemType::MultiLabelClassification => {
                Some("thresholds go with multi_label_classification alone".to_owned())
            }
            Some(given) if given.len() != labels => {
                Some(format!("{} thresholds for {labels} labels", given.len()))
            }
            Some(given) if !given.iter().all(|t| (0.0..=1.0).contains(t)) => {
                Some("a threshold is not between 0 and 1".to_owned())
            }
            _ => None,
        }
    }
}
