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
    pub tied: Option<usize>,
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
                return Ok(Self { written: recipes.written_out(wanted)?, reads, tied: None });
            }
        };
        for (field, given) in
            [("normalize", learnt.normalize), ("dimensions", learnt.dimensions.is_some())]
        {
            if given {
                let message = format!("the weights of layers can't be learnt with \"{field}\"");
                return Err(InvalidRecipe { field: field.to_owned(), message }.into());
            }
        }
        let side_by_side = Recipe { combine: Combine::Concat, ..learnt.clone() };
        let reads = side_by_side.resolve(recipes.shape())?;
        Ok(Self { written: wanted.clone(), tied: Some(reads.layers.len()), reads })
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::checkpoint::Sentence;
    use crate::model::recipe::Shape;

    fn candidate(recipe: &str) -> Result<Candidate, RecipeError> {
        let shape = Shape { layers: 6, hidden: 2, dense: None };
        let book = RecipeBook::new(shape, &Sentence::default(), &BTreeMap::new()).unwrap();
        Candidate::new(&serde_json::from_str(recipe).unwrap(), &book)
    }

    #[test]
    fn weights_are_learnt_where_there_are_none() {
        let learnt = candidate(r#"{"combine": "weighted", "layers": [-1, -2]}"#).unwrap();
        assert_eq!((learnt.tied, learnt.reads.dimensions), (Some(2), 4));
        let RecipeRef::Object(written) = learnt.written(Some(&[0.25, 0.75])) else { panic!() };
        assert_eq!(written.weights, Some(vec![0.25, 0.75]));
        assert_eq!(written.combine, Combine::Weighted);
        let given = candidate(r#"{"combine": "weighted", "layers": [1], "weights": [2]}"#).unwrap();
        assert_eq!((given.tied, given.reads.dimensions), (None, 2));
        let named = candidate(r#""last-four-concat""#).unwrap();
        assert_eq!((named.tied, named.reads.dimensions), (None, 8));
    }

    #[test]
    fn what_cannot_be_learnt_is_refused_by_its_field() {
        for field in ["normalize\": true", "dimensions\": 1"] {
            let recipe = format!("{{\"combine\": \"weighted\", \"{field}}}");
            let refused = candidate(&recipe).unwrap_err().to_string();
            let name = field.split('"').next().unwrap();
            assert!(refused.ends_with(&format!("with \"{name}\"")), "{refused}");
        }
    }
}
