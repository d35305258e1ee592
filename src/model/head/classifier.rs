//! A head that is ready to compute.

use std::sync::Arc;

use super::descriptor::{Descriptor, OutputActivation};
use crate::model::recipe::ResolvedRecipe;
use crate::model::row_layer::RowLayer;
use crate::model::tagger::Tagger;

/// A head whose layers fit its recipe, each other and its labels.
#[derive(Debug)]
pub struct Head {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) descriptor: Descriptor,
    pub(super) recipe: Arc<ResolvedRecipe>,
    pub(super) layers: Vec<RowLayer>,
    pub(super) score_activation: Option<OutputActivation>,
    pub(super) tagger: Option<Arc<Tagger>>,
}

impl Head {
    /// The name of the checkpoint's own classifier.
    pub const CHECKPOINT: &str = "checkpoint";

    /// The name of the head, which is the name of its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells heads of the same name apart; see [`HeadFiles::version`](super::HeadFiles::version).
    /// For the checkpoint's own classifier, the fingerprint of the encoder.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The description in `head.json`.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// For the checkpoint's own classifier: what sentence-transformers' `CrossEncoder` applies to
    /// its logits, sigmoid or none, where transformers' pipeline applies the descriptor's
    /// activation.
    pub fn score_activation(&self) -> Option<OutputActivation> {
        self.score_activation
    }

    /// The layers packed for many tokens, if the head classifies tokens.
    pub fn tagger(&self) -> Option<&Arc<Tagger>> {
        self.tagger.as_ref()
    }

    /// The recipe of its features.
    pub fn recipe(&self) -> &ResolvedRecipe {
        &self.recipe
    }

    /// `(features) → (classes)`, before temperature.
    pub fn logits(&self, features: &[f32]) -> Vec<f32> {
        self.layers.iter().fold(features.to_vec(), |row, layer| layer.forward(row))
    }

    /// Checks that the layers fit the recipe, each other and the labels. An error says what doesn't
    /// fit.
    pub(super) fn check_widths(&self) -> Result<(), String> {
        let mut width = self.recipe.dimensions;
        for (index, layer) in self.layers.iter().enumerate() {
            if let Some(inputs) = layer.inputs().filter(|inputs| *inputs != width) {
                let source = if index == 0 { "the recipe" } else { "the layer before it" };
                return Err(format!(
                    "layer {index} takes {inputs} columns; {source} gives {width}"
                ));
            }
            width = layer.outputs(width);
        }
        if self.layers.is_empty() || width != self.descriptor.labels.len() {
            return Err(format!("{width} outputs for {} labels", self.descriptor.labels.len()));
        }
        Ok(())
    }
}
