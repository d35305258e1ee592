//! The recipes that have names: the built-in ones and those of the config file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checkpoint::Sentence;
use super::recipe::{
    Combine, InvalidRecipe, Pooling, Recipe, RecipeRef, ResolvedRecipe, Shape, last_four,
};

/// Names that a config file can't give to recipes of its own.
pub const BUILT_IN: [&str; 4] = ["last-four", "last-four-concat", "last-four-cls", NATIVE];

/// The recipe that the checkpoint's own sentence-transformers files describe.
pub const NATIVE: &str = "native";

/// A recipe that can't be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecipeError {
    /// No recipe has that name.
    #[error("no recipe is called \"{name}\"; there are {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// It doesn't fit this model.
    #[error(transparent)]
    Invalid(#[from] InvalidRecipe),
}

/// Every named recipe, resolved for one model, and what it takes to resolve others.
#[derive(Clone, Debug)]
pub struct RecipeBook {
    shape: Shape,
    written: BTreeMap<String, Recipe>,
    named: BTreeMap<String, Arc<ResolvedRecipe>>,
}

impl RecipeBook {
    /// Resolves the built-in recipes and `extra`.
    ///
    /// # Errors
    /// One of `extra` doesn't fit the model; with its name.
    pub fn new(
        shape: Shape,
        sentence: &Sentence,
        extra: &BTreeMap<String, Recipe>,
    ) -> Result<Self, (String, InvalidRecipe)> {
        let layers = last_four(shape.layers);
        let mean = Recipe { layers, ..Recipe::default() };
        let native = Recipe {
            layers: vec![-1],
            pooling: sentence.pooling.unwrap_or(Pooling::Mean),
            normalize: sentence.normalize,
            ..Recipe::default()
        };
        let [last_four, concat, cls, native_name] = BUILT_IN.map(str::to_owned);
        let mut written = BTreeMap::from([
            (last_four, mean.clone()),
            (concat, Recipe { combine: Combine::Concat, ..mean.clone() }),
            (cls, Recipe { pooling: Pooling::Cls, ..mean }),
            (native_name, native),
        ]);
        written.extend(extra.clone());
        let mut named = BTreeMap::new();
        for (name, recipe) in &written {
            let resolved = recipe
                .resolve_with(shape, name == NATIVE)
                .map_err(|error| (name.clone(), error))?;
            named.insert(name.clone(), Arc::new(resolved));
        }
        Ok(Self { shape, written, named })
    }

    /// The model's shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Names and recipes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ResolvedRecipe)> {
        self.named.iter().map(|(name, recipe)| (name.as_str(), &**recipe))
    }

    /// A recipe by its name or as an object.
    ///
    /// # Errors
    /// No such name, or it doesn't fit the model.
    pub fn resolve(&self, recipe: &RecipeRef) -> Result<Arc<ResolvedRecipe>, RecipeError> {
        match recipe {
            RecipeRef::Name(name) => {
                self.named.get(name).cloned().ok_or_else(|| self.unknown(name))
            }
            RecipeRef::Object(recipe) => Ok(Arc::new(recipe.resolve(self.shape)?)),
        }
    }

    /// The same recipe in a form that doesn't depend on this configuration's names; `native` with
    /// a dense layer keeps its name, since no object says that.
    ///
    /// # Errors
    /// As [`RecipeBook::resolve`].
    pub fn written_out(&self, recipe: &RecipeRef) -> Result<RecipeRef, RecipeError> {
        if self.resolve(recipe)?.dense {
            return Ok(recipe.clone());
        }
        match recipe {
            RecipeRef::Name(name) => {
                let written = self.written.get(name).ok_or_else(|| self.unknown(name))?;
                Ok(RecipeRef::Object(written.clone()))
            }
            RecipeRef::Object(_) => Ok(recipe.clone()),
        }
    }

    /// What a recipe is called, if it is one of those that have names.
    pub fn name_of(&self, recipe: &Recipe) -> Option<&str> {
        let resolved = recipe.resolve(self.shape).ok()?;
        let named = self.named.iter().find(|(_, named)| ***named == resolved);
        named.map(|(name, _)| name.as_str())
    }

    fn unknown(&self, name: &str) -> RecipeError {
        let known: Vec<_> = self.named.keys().cloned().collect();
        RecipeError::Unknown { name: name.to_owned(), known: known.join(", ") }
    }
}
