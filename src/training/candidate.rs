//! A recipe that a head is to be trained over, the layers' factors learnt where it has none.

use crate::model::recipe::{Combine, InvalidRecipe, Recipe, RecipeRef, ResolvedRecipe};
use crate::model::recipe_book::{RecipeBook, RecipeError};

/// A recipe, and what is read for it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// As it goes into `head.json`, but for factors that are still to be learnt.
    written: RecipeRef,
    /// The features to train over.
    pub reads: ResolvedRecipe,
    /// How many layers lie side by side in them, where their factors are to be learnt.
    pub layers: Option<usize>,
}

impl Candidate {
    /// `wanted` by its name or written out. One that combines by `weighted` and has no `weights` is
    /// trained over its layers side by side.
    ///
    /// # Errors
    /// A recipe that isn't there or doesn't fit the model; one whose factors can't be learnt.
    pub fn new(wanted: &RecipeRef, recipes: &RecipeBook) -> Result<Self, RecipeError> {
        let learnt = match wanted {
            RecipeRef::Object(recipe) if to_be_learnt(recipe) => recipe,
            _ => {
                let reads = recipes.resolve(wanted)?.as_ref().clone();
                return Ok(Self { written: recipes.written_out(wanted)?, reads, layers: None });
            }
        };
        for (field, given) in
            [("normalize", learnt.normalize), ("dimensions", learnt.dimensions.is_some())]
        {
            if given {
                let message = "the factors of layers can't be learnt with it".to_owned();
                return Err(InvalidRecipe { field: field.to_owned(), message }.into());
            }
        }
        let side_by_side = Recipe { combine: Combine::Concat, ..learnt.clone() };
        let reads = side_by_side.resolve(recipes.shape())?;
        Ok(Self { written: wanted.clone(), layers: Some(reads.layers.len()), reads })
    }

    /// A recipe that has been resolved.
    #[cfg(test)]
    pub fn fixed(reads: ResolvedRecipe) -> Self {
        Self { written: RecipeRef::Object(Recipe::default()), reads, layers: None }
    }

    /// The recipe as a head's description has it, with the factors that were learnt.
    pub fn written(&self, factors: Option<&[f32]>) -> RecipeRef {
        match (&self.written, factors) {
            (RecipeRef::Object(recipe), Some(factors)) => {
                RecipeRef::Object(Recipe { weights: Some(factors.to_vec()), ..recipe.clone() })
            }
            (written, _) => written.clone(),
        }
    }
}

fn to_be_learnt(recipe: &Recipe) -> bool {
    recipe.combine == Combine::Weighted && recipe.weights.is_none()
}
