//! Head folders that tests write, so that no test depends on the shipped heads.

use std::path::Path;

use strata::model::checkpoint::ProblemType;
use strata::model::head::{Dense, DenseActivation, Descriptor};

use super::judge::Judge;

/// A head of one layer whose weights follow a formula.
pub struct TestHead {
    pub descriptor: Descriptor,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl TestHead {
    /// A single-label head with softmax over the features of `recipe`.
    pub fn new(judge: &Judge, recipe: &serde_json::Value, labels: &[&str]) -> Self {
        let recipe = Judge::recipe(recipe.clone());
        let width = judge.parts.recipes.resolve(&recipe).unwrap().dimensions;
        let classes = labels.len();
        let weight = (0..width * classes).map(|i| (i as f32 * 0.7).sin()).collect();
        let bias = (0..classes).map(|i| (i as f32 + 1.0).cos()).collect();
        let descriptor = Descriptor::new(
            ProblemType::SingleLabelClassification,
            labels.iter().map(|&label| label.to_owned()).collect(),
            recipe,
            judge.parts.fingerprint.clone(),
        );
        Self { descriptor, weight, bias }
    }

    /// The head with its weights and bias multiplied by a factor.
    pub fn times(mut self, factor: f32) -> Self {
        self.weight.iter_mut().chain(&mut self.bias).for_each(|x| *x *= factor);
        self
    }

    /// Writes the folder `dir/name`.
    pub fn save(&self, dir: &Path, name: &str) {
        let layer = Dense::new(self.weight.clone(), self.bias.clone(), DenseActivation::Identity);
        self.descriptor.clone().save(&dir.join(name), &[layer]).unwrap();
    }

    /// `W·x + b`, in float64.
    pub fn logits(&self, features: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(features.len());
        let dot = |row: &[f32]| -> f64 {
            row.iter().zip(features).map(|(&w, &x)| f64::from(w) * f64::from(x)).sum()
        };
        rows.zip(&self.bias).map(|(row, &bias)| (dot(row) + f64::from(bias)) as f32).collect()
    }
}

/// `e^z / Σ e^z` in float64.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let powers: Vec<f64> = logits.iter().map(|&z| f64::from(z).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| (power / total) as f32).collect()
}

/// `1 / (1 + e^-z)` in float64.
pub fn sigmoid(logits: &[f32]) -> Vec<f32> {
    logits.iter().map(|&z| (1.0 / (1.0 + f64::from(-z).exp())) as f32).collect()
}
