//! Recipes: which hidden states to read, how to pool their tokens, how to combine the layers.
//!
//! Plain data and the arithmetic on pooled rows. Letters: `t` tokens, `c` hidden size, `n` layers
//! listed, `L` encoder layers. Pooling comes first, layer by layer; then the layers are combined.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use super::pooling::Pooling;
pub use super::recipe_ref::RecipeRef;

/// How the rows of several layers become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Their mean.
    Mean,
    /// Their sum.
    Sum,
    /// The largest value of each column.
    Max,
    /// Side by side, in the order in which `layers` lists them.
    Concat,
    /// `Σ α_l·row_l`, with `weights` as given.
    Weighted,
}

/// A recipe as a client, a config file or a head writes it; what is left out is as in `last-four`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// Hidden states: 0 the embedding output, 1 to L the encoder layers, negative from the end.
    #[schema(example = json!([-1, -2, -3, -4]))]
    pub layers: Vec<i32>,
    /// How the layers are combined.
    pub combine: Combine,
    /// How tokens are pooled, layer by layer, before the layers are combined.
    pub pooling: Pooling,
    /// Whether the row is divided by its L2 norm, last of all.
    pub normalize: bool,
    /// One factor a layer, for `weighted` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f32>>,
    /// How many of the first columns to keep, before normalising.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<usize>,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            layers: vec![-1, -2, -3, -4],
            combine: Combine::Mean,
            pooling: Pooling::Mean,
            normalize: false,
            weights: None,
            dimensions: None,
        }
    }
}

/// Why a recipe can't be used on this model. `field` is the recipe's own field.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidRecipe {
    /// The recipe's field at fault, with its index where it is a list: `layers/2`.
    pub field: String,
    /// What was found and what is allowed.
    pub message: String,
}

impl InvalidRecipe {
    fn new(field: impl Into<String>, message: String) -> Self {
        Self { field: field.into(), message }
    }
}

/// What a recipe needs to know of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// `L`, encoder layers; hidden states are one more.
    pub layers: usize,
    /// `c`, columns of a hidden state.
    pub hidden: usize,
    /// Columns after the checkpoint's own dense layer, if it has one.
    pub dense: Option<usize>,
}

/// A recipe checked against one model: layers counted from 0, widths known.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ResolvedRecipe {
    /// Hidden states, 0 the embedding output.
    pub layers: Vec<usize>,
    /// How the layers are combined.
    pub combine: Combine,
    /// How tokens are pooled.
    pub pooling: Pooling,
    /// Whether the checkpoint's own dense layer follows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dense: bool,
    /// Whether the row is divided by its L2 norm.
    pub normalize: bool,
    /// One factor a layer, for `weighted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f32>>,
    /// Columns of the result.
    pub dimensions: usize,
}

impl Recipe {
    /// Checks the recipe against a model's shape.
    ///
    /// # Errors
    /// A layer that isn't there or is listed twice, `weights` of the wrong length or without
    /// `weighted`, `dimensions` of 0 or more than there are.
    pub fn resolve(&self, shape: Shape) -> Result<ResolvedRecipe, InvalidRecipe> {
        self.resolve_with(shape, false)
    }

    /// As [`Recipe::resolve`], with the checkpoint's dense layer if it has one and `native` is set.
    ///
    /// # Errors
    /// As [`Recipe::resolve`].
    pub fn resolve_with(
        &self,
        shape: Shape,
        native: bool,
    ) -> Result<ResolvedRecipe, InvalidRecipe> {
        let layers = resolve_layers(&self.layers, shape.layers)?;
        self.check_weights()?;
        let dense = native && shape.dense.is_some();
        let mut resolved = ResolvedRecipe {
            layers,
            combine: self.combine,
            pooling: self.pooling,
            dense,
            normalize: self.normalize,
            weights: self.weights.clone(),
            dimensions: 0,
        };
        let pooled = resolved.combined_width(shape.hidden * self.pooling.width_factor());
        let width = shape.dense.filter(|_| dense).unwrap_or(pooled);
        resolved.dimensions = check_dimensions(self.dimensions, width)?;
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
                wrong("a weight is not a finite number".to_owned())
            }
            (Combine::Weighted, Some(_)) | (_, None) => Ok(()),
            (_, Some(_)) => wrong("\"weights\" go with \"combine\": \"weighted\" alone".to_owned()),
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
                "layer {layer} is not there: this model has hidden states 0 to {encoder_layers}, \
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

/// How many of `width` columns are kept.
///
/// # Errors
/// 0, or more than there are.
pub fn check_dimensions(asked: Option<usize>, width: usize) -> Result<usize, InvalidRecipe> {
    match asked {
        None => Ok(width),
        Some(kept) if (1..=width).contains(&kept) => Ok(kept),
        Some(kept) => Err(InvalidRecipe::new(
            "dimensions",
            format!("{kept} dimensions asked for; this recipe has 1 to {width}"),
        )),
    }
}

impl ResolvedRecipe {
    /// Columns after combining rows of `width` columns.
    pub fn combined_width(&self, width: usize) -> usize {
        if self.combine == Combine::Concat { width * self.layers.len() } else { width }
    }

    /// Columns of a row of `tokens: true`, `c` being the hidden size: neither pooling nor the
    /// dense layer changes it.
    pub fn token_width(&self, hidden: usize) -> usize {
        self.combined_width(hidden).min(self.dimensions)
    }

    /// Combines one row a layer, in the order of `layers`: `n × (w) → (w)` or `(n·w)`.
    pub fn combine(&self, rows: &[&[f32]]) -> Vec<f32> {
        let column = |fold: Fold<'_>| by_column(rows, fold);
        match self.combine {
            Combine::Concat => rows.concat(),
            Combine::Sum => column(&|values| values.sum()),
            Combine::Mean => column(&|values| values.sum::<f64>() / rows.len() as f64),
            Combine::Max => column(&|values| values.fold(f64::NEG_INFINITY, f64::max)),
            Combine::Weighted => weighted_sum(rows, self.weights.as_deref().unwrap_or_default()),
        }
    }

    /// What comes last: cut to `dimensions`, then L2 if the recipe says so.
    pub fn finish(&self, mut row: Vec<f32>) -> Vec<f32> {
        row.truncate(self.dimensions);
        if self.normalize {
            l2_normalize(&mut row);
        }
        row
    }
}

/// What becomes of a column's numbers.
pub(super) type Fold<'a> = &'a dyn Fn(&mut dyn Iterator<Item = f64>) -> f64;

/// `n × (w) → (w)`, column by column, in float64.
pub(super) fn by_column(rows: &[&[f32]], fold: Fold<'_>) -> Vec<f32> {
    let width = rows.first().map_or(0, |row| row.len());
    (0..width).map(|j| fold(&mut rows.iter().map(|row| f64::from(row[j]))) as f32).collect()
}

/// `Σ α_l·row_l`, `n × (w) → (w)`.
pub fn weighted_sum(rows: &[&[f32]], weights: &[f32]) -> Vec<f32> {
    by_column(rows, &|values| {
        values.zip(weights).map(|(value, &weight)| value * f64::from(weight)).sum()
    })
}

/// Divides a row by `max(‖row‖₂, 1e-12)`.
pub fn l2_normalize(row: &mut [f32]) {
    let norm = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt().max(1e-12);
    for x in row {
        *x = (f64::from(*x) / norm) as f32;
    }
}

/// The last four encoder layers, the last first, or those there are.
pub fn last_four(encoder_layers: usize) -> Vec<i32> {
    (1..=encoder_layers.min(4) as i32).map(|back| -back).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { layers: 6, hidden: 2, dense: None };

    fn refused(recipe: Recipe) -> String {
        recipe.resolve(SHAPE).unwrap_err().field
    }

    #[test]
    fn the_default_recipe_is_the_last_four_averaged() {
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
    fn weights_must_match_layers_and_go_with_weighted_alone() {
        let weighted =
            |weights| Recipe { combine: Combine::Weighted, weights, ..Recipe::default() };
        assert_eq!(refused(weighted(None)), "weights");
        assert_eq!(refused(weighted(Some(vec![1.0]))), "weights");
        assert_eq!(refused(weighted(Some(vec![f32::NAN; 4]))), "weights");
        assert!(weighted(Some(vec![0.1, 0.2, 0.3, 0.4])).resolve(SHAPE).is_ok());
        assert_eq!(refused(Recipe { weights: Some(vec![1.0; 4]), ..Recipe::default() }), "weights");
    }

    #[test]
    fn dimensions_of_none_or_too_many_are_refused() {
        let dimensions = |n| Recipe { dimensions: Some(n), ..Recipe::default() };
        assert_eq!(refused(dimensions(0)), "dimensions");
        assert_eq!(refused(dimensions(3)), "dimensions");
        assert_eq!(dimensions(1).resolve(SHAPE).unwrap().dimensions, 1);
    }

    #[test]
    fn rows_are_combined_as_each_name_says() {
        let rows: [&[f32]; 2] = [&[1.0, -2.0], &[3.0, 4.0]];
        let combined = |combine, weights| {
            let layers = vec![-1, -2];
            let recipe = Recipe { layers, combine, weights, ..Recipe::default() };
            recipe.resolve(SHAPE).unwrap().combine(&rows)
        };
        assert_eq!(combined(Combine::Mean, None), [2.0, 1.0]);
        assert_eq!(combined(Combine::Sum, None), [4.0, 2.0]);
        assert_eq!(combined(Combine::Max, None), [3.0, 4.0]);
        assert_eq!(combined(Combine::Concat, None), [1.0, -2.0, 3.0, 4.0]);
        assert_eq!(combined(Combine::Weighted, Some(vec![2.0, -1.0])), [-1.0, -8.0]);
    }

    #[test]
    fn a_row_of_zeros_normalises_to_zeros() {
        let mut zeros = [0.0; 3];
        l2_normalize(&mut zeros);
        assert_eq!(zeros, [0.0; 3]);
        let mut row = [3.0, 4.0];
        l2_normalize(&mut row);
        assert_eq!(row, [0.6, 0.8]);
    }

    #[test]
    fn a_shallow_model_gives_the_layers_that_it_has() {
        assert_eq!(last_four(2), [-1, -2]);
        assert_eq!(last_four(12), [-1, -2, -3, -4]);
    }
}
