//! A recipe as it is written, and how it is checked against a model.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::bounded::{bounded_list, null_as_default};
use super::combine::Combine;
use super::resolved::{Poolings, ResolvedRecipe};
use crate::model::pooling::Pooling;

/// A recipe as written by a client, a config file or a head. Fields that are left out are those of
/// `last-four`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// Hidden states: 0 is the embedding output, 1 to L are the encoder layers; negative numbers
    /// count from the end.
    #[serde(deserialize_with = "layers")]
    #[schema(nullable, min_items = 1, max_items = 1024, example = json!([-1, -2, -3, -4]))]
    pub layers: Vec<i32>,
    /// How the layers are combined.
    #[serde(deserialize_with = "null_as_default")]
    #[schema(nullable)]
    pub combine: Combine,
    /// How the tokens of each layer are pooled, before the layers are combined.
    #[serde(deserialize_with = "null_as_default")]
    #[schema(nullable)]
    pub pooling: Pooling,
    /// Whether the row is divided by its L2 norm, as the last step.
    #[serde(deserialize_with = "null_as_default")]
    #[schema(nullable)]
    pub normalize: bool,
    /// One factor per layer, only for `weighted`.
    #[serde(deserialize_with = "bounded_list", skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 1024)]
    pub weights: Option<Vec<f32>>,
    /// How many of the first columns are kept, before normalising.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub dimensions: Option<usize>,
}

/// The layers of a recipe, by default those of `last-four`.
fn layers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i32>, D::Error> {
    Ok(bounded_list(deserializer)?.unwrap_or_else(|| Recipe::default().layers))
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            layers: vec![-1, -2, -3, -4],
            combine: Combine::default(),
            pooling: Pooling::default(),
            normalize: false,
            weights: None,
            dimensions: None,
        }
    }
}

/// Why a recipe can't be used with this model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidRecipe {
    /// The wrong field of the recipe, with its index if the field is a list: `layers/2`.
    pub field: String,
    /// What was found, and what is allowed.
    pub message: String,
}

impl InvalidRecipe {
    fn new(field: impl Into<String>, message: String) -> Self {
        Self { field: field.into(), message }
    }
}

/// The sizes of a model that recipes depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// `L`, encoder layers; there is one more hidden state.
    pub layers: usize,
    /// `c`, columns of a hidden state.
    pub hidden: usize,
}

impl Recipe {
    /// Checks the recipe against a model's shape.
    ///
    /// # Errors
    /// A layer doesn't exist or is listed twice, `weights` have the wrong length or come without
    /// `weighted`, `dimensions` are 0 or more than the recipe has.
    pub fn resolve(&self, shape: Shape) -> Result<ResolvedRecipe, InvalidRecipe> {
        let layers = resolve_layers(&self.layers, shape.layers)?;
        self.check_weights()?;
        let mut resolved = ResolvedRecipe {
            layers,
            combine: self.combine,
            pooling: Poolings::One(self.pooling),
            leaves_out_prompt: false,
            row_layers: Vec::new(),
            normalize: self.normalize,
            weights: self.weights.clone(),
            dimensions: 0,
            width: 0,
        };
        resolved.width = resolved.pooled_width(shape.hidden);
        resolved.dimensions = check_dimensions(self.dimensions, resolved.width)?;
        Ok(resolved)
    }

    fn check_weights(&self) -> Result<(), InvalidRecipe> {
        let wrong = |message| Err(InvalidRecipe::new("weights", message));
        match (self.combine, &self.weights) {
            (Combine::Weighted, None) => wrong(format!(
                "\"weighted\" needs \"weights\", one number for each of the {} layers",
                self.layers.len()
            )),
            (Combine::Weighted, Some(weights)) if weights.len() != self.layers.len() => {
                wrong(format!(
                    "{} weights for {} layers; one for each is needed",
                    weights.len(),
                    self.layers.len()
                ))
            }
            (Combine::Weighted, Some(weights)) if weights.iter().any(|w| !w.is_finite()) => {
                wrong("a weight is not finite".to_owned())
            }
            (Combine::Weighted, Some(_)) | (_, None) => Ok(()),
            (_, Some(_)) => {
                wrong("\"weights\" are only allowed with \"combine\": \"weighted\"".to_owned())
            }
        }
    }
}

fn resolve_layers(layers: &[i32], encoder_layers: usize) -> Result<Vec<usize>, InvalidRecipe> {
    if layers.is_empty() {
        let message = "no layer is listed; at least one is needed".to_owned();
        return Err(InvalidRecipe::new("layers", message));
    }
    let states = encoder_layers as i64 + 1;
    let mut resolved = Vec::with_capacity(layers.len());
    for (at, &layer) in layers.iter().enumerate() {
        let index = if layer < 0 { states + i64::from(layer) } else { i64::from(layer) };
        if !(0..states).contains(&index) {
            let message = format!(
                "layer {layer} does not exist: this model has hidden states 0 to {encoder_layers}, \
                 or -1 to -{states} from the end"
            );
            return Err(InvalidRecipe::new(format!("layers/{at}"), message));
        }
        if resolved.contains(&(index as usize)) {
            let message = format!("layer {layer} is listed twice (it is hidden state {index})");
            return Err(InvalidRecipe::new(format!("layers/{at}"), message));
        }
        resolved.push(index as usize);
    }
    Ok(resolved)
}

/// How many of `width` columns are kept if `wanted` are requested; all of them by default.
///
/// # Errors
/// `wanted` is 0 or above `width`.
pub fn check_dimensions(wanted: Option<usize>, width: usize) -> Result<usize, InvalidRecipe> {
    match wanted {
        None => Ok(width),
        Some(kept) if (1..=width).contains(&kept) => Ok(kept),
        Some(kept) => Err(InvalidRecipe::new(
            "dimensions",
            format!("dimensions is {kept}; 1 to {width} are allowed for this recipe"),
        )),
    }
}

/// The last four encoder layers, the last one first; all layers of a model that has fewer.
pub fn last_four(encoder_layers: usize) -> Vec<i32> {
    (1..=encoder_layers.min(4) as i32).map(|back| -back).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { layers: 6, hidden: 2 };

    fn refused(recipe: Recipe) -> String {
        recipe.resolve(SHAPE).unwrap_err().field
    }

    #[test]
    fn the_default_recipe_averages_the_last_four_layers() {
        let resolved = Recipe::default().resolve(SHAPE).unwrap();
        assert_eq!(resolved.layers, [6, 5, 4, 3]);
        assert_eq!(resolved.dimensions, 2);
    }

    #[test]
    fn layers_count_from_both_ends_and_unknown_or_repeated_ones_are_refused() {
        let layers = |layers: &[i32]| Recipe { layers: layers.to_vec(), ..Recipe::default() };
        assert_eq!(layers(&[0, -7 + 1]).resolve(SHAPE).unwrap().layers, [0, 1]);
        assert_eq!(refused(layers(&[-1, 7])), "layers/1");
        assert_eq!(refused(layers(&[-8])), "layers/0");
        assert_eq!(refused(layers(&[6, -1])), "layers/1");
        assert_eq!(refused(layers(&[])), "layers");
    }

    #[test]
    fn weights_must_match_the_layers_and_need_weighted() {
        let weighted =
            |weights| Recipe { combine: Combine::Weighted, weights, ..Recipe::default() };
        assert_eq!(refused(weighted(None)), "weights");
        assert_eq!(refused(weighted(Some(vec![1.0]))), "weights");
        assert_eq!(refused(weighted(Some(vec![f32::NAN; 4]))), "weights");
        assert!(weighted(Some(vec![0.1, 0.2, 0.3, 0.4])).resolve(SHAPE).is_ok());
        assert_eq!(refused(Recipe { weights: Some(vec![1.0; 4]), ..Recipe::default() }), "weights");
    }

    #[test]
    fn zero_dimensions_or_too_many_are_refused() {
        let dimensions = |n| Recipe { dimensions: Some(n), ..Recipe::default() };
        assert_eq!(refused(dimensions(0)), "dimensions");
        assert_eq!(refused(dimensions(3)), "dimensions");
        assert_eq!(dimensions(1).resolve(SHAPE).unwrap().dimensions, 1);
    }

    #[test]
    fn last_four_of_a_shallow_model_are_all_its_layers() {
        assert_eq!(last_four(2), [-1, -2]);
        assert_eq!(last_four(12), [-1, -2, -3, -4]);
    }
}
