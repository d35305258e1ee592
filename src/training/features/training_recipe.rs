//! The recipe of a head that will be trained, with learned layer weights if it has none.

use crate::model::recipe::{Combine, InvalidRecipe, Recipe, RecipeRef, ResolvedRecipe};
use crate::model::recipe_book::{RecipeBook, RecipeError};

/// A recipe, and the features that training needs for it.
#[derive(Debug, Clone)]
pub struct TrainingRecipe {
    /// The recipe for `head.json`, without the layer weights that will be learned.
    written: RecipeRef,
    /// The recipe of the features to train on.
    pub features: ResolvedRecipe,
    /// Number of encoder layers side by side in the features, if their weights will be learned.
    pub weighted_layers: Option<usize>,
}

impl TrainingRecipe {
    /// A recipe by its name or written out. A recipe that combines by `weighted` without `weights`
    /// is trained on its layers side by side.
    ///
    /// # Errors
    /// A recipe that doesn't exist or doesn't fit the model, or whose layer weights can't be
    /// learned.
    pub fn new(requested: &RecipeRef, recipes: &RecipeBook) -> Result<Self, RecipeError> {
        let weighted = match requested {
            RecipeRef::Object(recipe) if has_weights_to_learn(recipe) => recipe,
            _ => {
                let features = recipes.resolve(requested)?.as_ref().clone();
                let written = recipes.written_out(requested)?;
                return Ok(Self { written, features, weighted_layers: None });
            }
        };
        for (field, given) in
            [("normalize", weighted.normalize), ("dimensions", weighted.dimensions.is_some())]
        {
            if given {
                let message = format!("layer weights can't be learned with \"{field}\"");
                return Err(InvalidRecipe { field: field.to_owned(), message }.into());
            }
        }
        let side_by_side = Recipe { combine: Combine::Concat, ..weighted.clone() };
        let features = side_by_side.resolve(recipes.shape())?;
        let weighted_layers = Some(features.layers.len());
        Ok(Self { written: requested.clone(), features, weighted_layers })
    }

    /// The recipe for the head's description, with the learned layer weights.
    pub fn with_layer_weights(&self, layer_weights: Option<&[f32]>) -> RecipeRef {
        match (&self.written, layer_weights) {
            (RecipeRef::Object(recipe), Some(weights)) => {
                RecipeRef::Object(Recipe { weights: Some(weights.to_vec()), ..recipe.clone() })
            }
            (written, _) => written.clone(),
        }
    }
}

fn has_weights_to_learn(recipe: &Recipe) -> bool {
    recipe.combine == Combine::Weighted && recipe.weights.is_none()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::checkpoint::SentenceFiles;
    use crate::model::recipe::Shape;

    fn training_recipe(recipe: &str) -> Result<TrainingRecipe, RecipeError> {
        let shape = Shape { layers: 6, hidden: 2 };
        let book = RecipeBook::new(shape, &SentenceFiles::default(), &BTreeMap::new()).unwrap();
        TrainingRecipe::new(&serde_json::from_str(recipe).unwrap(), &book)
    }

    #[test]
    fn layer_weights_are_learned_if_the_recipe_has_none() {
        let learned = training_recipe(r#"{"combine": "weighted", "layers": [-1, -2]}"#).unwrap();
        assert_eq!((learned.weighted_layers, learned.features.dimensions), (Some(2), 4));
        let RecipeRef::Object(written) = learned.with_layer_weights(Some(&[0.25, 0.75])) else {
            panic!()
        };
        assert_eq!(written.weights, Some(vec![0.25, 0.75]));
        assert_eq!(written.combine, Combine::Weighted);
        let given =
            training_recipe(r#"{"combine": "weighted", "layers": [1], "weights": [2]}"#).unwrap();
        assert_eq!((given.weighted_layers, given.features.dimensions), (None, 2));
        let named = training_recipe(r#""last-four-concat""#).unwrap();
        assert_eq!((named.weighted_layers, named.features.dimensions), (None, 8));
    }

    #[test]
    fn a_field_that_prevents_learning_is_named() {
        for field in ["normalize\": true", "dimensions\": 1"] {
            let recipe = format!("{{\"combine\": \"weighted\", \"{field}}}");
            let refused = training_recipe(&recipe).unwrap_err().to_string();
            let name = field.split('"').next().unwrap();
            assert!(refused.ends_with(&format!("with \"{name}\"")), "{refused}");
        }
    }
}
