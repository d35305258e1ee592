//! A reference to a recipe: its name, or the recipe itself.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::written::Recipe;

/// A recipe by its name or as an object.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum RecipeRef {
    /// `"last-four"`
    Name(String),
    /// `{"layers": [-1, -2], "pooling": "max"}`
    Object(Recipe),
}

// Written by hand: a derived untagged `Deserialize` loses which field is wrong.
impl<'de> Deserialize<'de> for RecipeRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrObject;
        impl<'de> Visitor<'de> for NameOrObject {
            type Value = RecipeRef;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a recipe's name or a recipe object")
            }

            fn visit_str<E>(self, name: &str) -> Result<RecipeRef, E> {
                Ok(RecipeRef::Name(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RecipeRef, A::Error> {
                Recipe::deserialize(MapAccessDeserializer::new(map)).map(RecipeRef::Object)
            }
        }
        deserializer.deserialize_any(NameOrObject)
    }
}
