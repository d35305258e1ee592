//! Recipes by name: the built-in ones and those of the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checkpoint::SentenceFiles;
use super::recipe::{
    Combine, InvalidRecipe, Pooling, Recipe, RecipeRef, ResolvedRecipe, Shape, last_four,
};

/// Names of built-in recipes, which a configuration can't use for its own.
pub const BUILT_IN: [&str; 4] = ["last-four", "last-four-concat", "last-four-cls", NATIVE];

/// The recipe described by the checkpoint's own sentence-transformers files.
pub const NATIVE: &str = "native";

/// Why a recipe can't be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RecipeError {
    /// No recipe has that name.
    #[error("no recipe is called \"{name}\"; the recipes are {known}")]
    Unknown {
        /// The unknown name.
        name: String,
        /// The known names.
        known: String,
    },
    /// The recipe doesn't fit this model.
    #[error(transparent)]
    Invalid(#[from] InvalidRecipe),
}

/// A configured recipe that doesn't fit the model.
#[derive(Clone, Debug, PartialEq)]
pub struct InvalidNamedRecipe {
    /// The name of the recipe.
    pub name: String,
    /// Why it doesn't fit.
    pub error: InvalidRecipe,
}

/// All named recipes, resolved for one model; resolves other recipes for it.
#[derive(Clone, Debug)]
pub struct RecipeBook {
    shape: Shape,
    /// Those that can be written as an object.
    written: BTreeMap<String, Recipe>,
    named: BTreeMap<String, Arc<ResolvedRecipe>>,
}

impl RecipeBook {
    /// Resolves the built-in recipes and those of the configuration.
    ///
    /// # Errors
    /// A configured recipe doesn't fit the model.
    pub fn new(
        shape: Shape,
        sentence: &SentenceFiles,
        configured: &BTreeMap<String, Recipe>,
    ) -> Result<Self, InvalidNamedRecipe> {
        let layers = last_four(shape.layers);
        let mean = Recipe { layers, ..Recipe::default() };
        let [last_four, concat, cls, native_name] = BUILT_IN.map(str::to_owned);
        let mut written = BTreeMap::from([
            (last_four, mean.clone()),
            (concat, Recipe { combine: Combine::Concat, ..mean.clone() }),
            (cls, Recipe { pooling: Pooling::Cls, ..mean }),
        ]);
        written.extend(configured.clone());
        let invalid = |name: &String| {
            let name = name.clone();
            move |error| InvalidNamedRecipe { name, error }
        };
        let native = sentence.native.resolve(shape).map_err(invalid(&native_name))?;
        let mut named = BTreeMap::from([(native_name.clone(), Arc::new(native))]);
        for (name, recipe) in &written {
            let resolved = recipe.resolve(shape).map_err(invalid(name))?;
            named.insert(name.clone(), Arc::new(resolved));
        }
        written.extend(sentence.native.as_object().map(|native| (native_name, native.clone())));
        Ok(Self { shape, written, named })
    }

    /// The model's shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// All named recipes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ResolvedRecipe)> {
        self.named.iter().map(|(name, recipe)| (name.as_str(), &**recipe))
    }

    /// Resolves a name or a recipe.
    ///
    /// # Errors
    /// The name is unknown, or the recipe doesn't fit the model.
    pub fn resolve(&self, recipe: &RecipeRef) -> Result<Arc<ResolvedRecipe>, RecipeError> {
        match recipe {
            RecipeRef::Name(name) => {
                self.named.get(name).cloned().ok_or_else(|| self.unknown(name))
            }
            RecipeRef::Object(recipe) => Ok(Arc::new(recipe.resolve(self.shape)?)),
        }
    }

    /// The recipe as an object, which doesn't depend on the names of this configuration. `native`
    /// keeps its name where no object can express it.
    ///
    /// # Errors
    /// Like [`RecipeBook::resolve`].
    pub fn written_out(&self, recipe: &RecipeRef) -> Result<RecipeRef, RecipeError> {
        self.resolve(recipe)?;
        let RecipeRef::Name(name) = recipe else {
            return Ok(recipe.clone());
        };
        let written = self.written.get(name).cloned();
        Ok(written.map_or_else(|| recipe.clone(), RecipeRef::Object))
    }

    /// The name of a recipe, if it is one of the named recipes.
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
