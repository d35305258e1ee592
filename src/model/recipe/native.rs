//! The recipe `native`, which can be more than a client can write.

use super::resolved::{Poolings, ResolvedRecipe};
use super::written::{InvalidRecipe, Recipe, Shape};
use crate::model::pooling::Pooling;
use crate::model::row_layer::RowLayer;

/// The recipe `native`, as a checkpoint's own files describe it.
#[derive(Clone, Debug, PartialEq)]
pub struct NativeRecipe {
    /// The part of it that any recipe has, with the first of its poolings.
    pub recipe: Recipe,
    /// Further poolings. Their rows follow that of the first.
    pub more_poolings: Vec<Pooling>,
    /// Whether pooling leaves out the tokens of a prompt.
    pub leaves_out_prompt: bool,
    /// The layers after pooling. `normalize` and `dimensions` of the recipe follow them.
    pub row_layers: Vec<RowLayer>,
}

impl Default for NativeRecipe {
    /// The mean of the last layer, as for a checkpoint that says nothing.
    fn default() -> Self {
        Self {
            recipe: Recipe { layers: vec![-1], ..Recipe::default() },
            more_poolings: Vec::new(),
            leaves_out_prompt: false,
            row_layers: Vec::new(),
        }
    }
}

impl NativeRecipe {
    /// The recipe as an object, if one can express it.
    pub fn as_object(&self) -> Option<&Recipe> {
        let plain =
            self.more_poolings.is_empty() && !self.leaves_out_prompt && self.row_layers.is_empty();
        plain.then_some(&self.recipe)
    }

    /// Checks the recipe against a model's shape. A `dimensions` above the width cuts nothing.
    ///
    /// # Errors
    /// Like [`Recipe::resolve`].
    pub fn resolve(&self, shape: Shape) -> Result<ResolvedRecipe, InvalidRecipe> {
        let first = Recipe { dimensions: None, ..self.recipe.clone() }.resolve(shape)?;
        let pooling = if self.more_poolings.is_empty() {
            first.pooling.clone()
        } else {
            let all = [&[self.recipe.pooling][..], &self.more_poolings].concat();
            Poolings::Several(all)
        };
        let mut resolved = ResolvedRecipe {
            pooling,
            leaves_out_prompt: self.leaves_out_prompt,
            row_layers: self.row_layers.iter().map(RowLayer::kind).collect(),
            ..first
        };
        let pooled = resolved.pooled_width(shape.hidden);
        let width = self.row_layers.iter().fold(pooled, |width, layer| layer.outputs(width));
        resolved.dimensions = self.recipe.dimensions.map_or(width, |kept| kept.min(width));
        resolved.width = resolved.dimensions;
        Ok(resolved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dense::{Dense, DenseActivation};

    const SHAPE: Shape = Shape { layers: 2, hidden: 4 };

    #[test]
    fn widths_follow_the_poolings_the_layers_after_them_and_the_cut() {
        let mut native = NativeRecipe::default();
        let width = |native: &NativeRecipe| native.resolve(SHAPE).unwrap().dimensions;
        assert_eq!(width(&native), 4);
        native.more_poolings = vec![Pooling::Max, Pooling::Max];
        assert_eq!(width(&native), 12);
        let dense = Dense::new(vec![0.0; 60], vec![0.0; 5], DenseActivation::Tanh);
        native.row_layers = vec![RowLayer::Normalize, RowLayer::Dense { dense, residual: None }];
        assert_eq!(width(&native), 5);
        native.recipe.dimensions = Some(3);
        assert_eq!(width(&native), 3);
        native.recipe.dimensions = Some(99);
        assert_eq!(width(&native), 5);
        assert_eq!(native.resolve(SHAPE).unwrap().token_width(4), 4);
    }

    #[test]
    fn only_a_plain_recipe_can_be_written_as_an_object() {
        let plain = NativeRecipe::default();
        assert_eq!(plain.as_object(), Some(&plain.recipe));
        for native in [
            NativeRecipe { more_poolings: vec![Pooling::Cls], ..plain.clone() },
            NativeRecipe { leaves_out_prompt: true, ..plain.clone() },
            NativeRecipe { row_layers: vec![RowLayer::Normalize], ..plain.clone() },
        ] {
            assert_eq!(native.as_object(), None);
        }
    }
}
