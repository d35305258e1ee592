//! A WeightedLayerPooling: token rows are a weighted mean over encoder layers.

use std::path::Path;

use serde::Deserialize;

use super::modules::Module;
use crate::field::unusable;
use crate::model::checkpoint::config::EncoderConfig;
use crate::model::checkpoint::error::{CheckpointError, read_json};
use crate::model::checkpoint::names::TensorNames;
use crate::model::checkpoint::weights::Weights;
use crate::model::pooling::Pooling;
use crate::model::recipe::{Combine, Recipe};

#[derive(Deserialize)]
struct WeightsFile {
    #[serde(default = "twelve")]
    num_hidden_layers: usize,
    #[serde(default = "four")]
    layer_start: usize,
}

fn twelve() -> usize {
    12
}

fn four() -> usize {
    4
}

/// The recipe that reads the module's layers instead of the last one. Without
/// `output_hidden_states` in the encoder's config the module would have nothing to read.
///
/// # Errors
/// The layers or the weights don't fit the encoder.
pub fn read_layer_weights(
    module: &Module,
    encoder_config: &Path,
    config: &EncoderConfig,
    recipe: Recipe,
) -> Result<Recipe, CheckpointError> {
    if !config.output_hidden_states {
        let allowed = format!("{} needs true", module.title);
        let message = unusable("output_hidden_states", false, &allowed);
        return Err(CheckpointError::invalid(encoder_config, message));
    }
    let file = module.dir.join("config.json");
    let read: WeightsFile = read_json(&file, "which layers are weighted")?;
    let (first, last) = (read.layer_start, read.num_hidden_layers);
    if last != config.layers || first > last {
        let message = format!(
            "layer_start is {first} and num_hidden_layers {last}; the encoder has {} layers",
            config.layers
        );
        return Err(CheckpointError::invalid(&file, message));
    }
    let tensors = Weights::open(&module.dir, TensorNames::default())?;
    let weights = tensors.read("layer_weights", &[last + 1 - first])?;
    let sum: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
    let share = |weight: f32| (f64::from(weight) / sum) as f32;
    Ok(Recipe {
        layers: (first as i32..=last as i32).collect(),
        combine: Combine::Weighted,
        weights: Some(weights.iter().copied().map(share).collect()),
        ..recipe
    })
}

/// Whether the weighted mean may be taken after pooling instead of before.
pub fn commutes(pooling: Pooling) -> bool {
    !matches!(pooling, Pooling::Max | Pooling::MeanMax)
}
