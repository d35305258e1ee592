//! The parameters of requests, of their inputs and of their outputs.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use utoipa::ToSchema;

use crate::http::json;
use crate::http::wire::WireLongText;
use crate::model::recipe::{Recipe, RecipeRef};
use crate::quantization::Precision;

/// The parameters of a request. Those of an output go before them.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpenInferenceParameters)]
pub struct RequestParameters {
    /// A recipe's name or a recipe, also as text; by default the configured one.
    #[serde(default, deserialize_with = "recipe")]
    pub recipe: Option<RecipeRef>,
    /// How many of the first columns of embeddings to keep, before normalisation.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub dimensions: Option<usize>,
    /// How the columns of embeddings are represented.
    #[serde(default)]
    pub precision: Option<Precision>,
    /// A text to put in front of each text.
    #[serde(default)]
    pub prompt: Option<String>,
    /// The name of one of the checkpoint's own prompts.
    #[serde(default)]
    pub prompt_name: Option<String>,
    /// What happens to a text with too many tokens.
    #[serde(default)]
    pub long_text: Option<WireLongText>,
    /// Microseconds after which the answer is of no use.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 18446744073709551615_u64, format = "uint64")]
    pub timeout: Option<u64>,
    /// Of Triton: 0 or 1 for a request that someone waits for, more for one that stands behind them.
    #[serde(default)]
    #[schema(maximum = 18446744073709551615_u64, format = "uint64")]
    pub priority: Option<u64>,
    /// Whether outputs that don't say are in the binary form.
    #[serde(default)]
    pub binary_data_output: Option<bool>,
    /// What some clients say of texts.
    #[serde(default, rename = "content_type")]
    _content_type: Option<ContentType>,
}

/// The parameters of an output.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpenInferenceOutputParameters)]
pub struct OutputParameters {
    /// A recipe's name or a recipe, also as text. The output is then an embedding, whatever its name is.
    #[serde(default, deserialize_with = "recipe")]
    pub recipe: Option<RecipeRef>,
    /// For an embedding: how many of the first columns to keep, before normalisation.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub dimensions: Option<usize>,
    /// For an embedding: how its columns are represented.
    #[serde(default)]
    pub precision: Option<Precision>,
    /// For logits and probabilities: how many of the best labels to return, as texts of the form
    /// `value:index:label`.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub classification: Option<usize>,
    /// Whether it is in the binary form.
    #[serde(default)]
    pub binary_data: Option<bool>,
}

/// The parameters of an input.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpenInferenceInputParameters)]
pub struct InputParameters {
    /// The bytes of its binary form, which follow the JSON.
    #[serde(default)]
    pub binary_data_size: Option<usize>,
    /// What some clients say of texts.
    #[serde(default, rename = "content_type")]
    _content_type: Option<ContentType>,
}

/// What an input is.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[schema(as = OpenInferenceContentType)]
enum ContentType {
    /// Text.
    #[serde(rename = "str")]
    Str,
}

struct RecipeVisitor;

impl<'de> Visitor<'de> for RecipeVisitor {
    type Value = RecipeRef;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a recipe's name or a recipe object")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RecipeRef, E> {
        if !text.trim_start().starts_with('{') {
            return Ok(RecipeRef::Name(text.to_owned()));
        }
        let recipe = json::parse(text.as_bytes());
        recipe.map(RecipeRef::Object).map_err(|error| {
            let place = error.pointer().unwrap_or_default();
            E::custom(format!("in the recipe{place}: {error}"))
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RecipeRef, A::Error> {
        Recipe::deserialize(MapAccessDeserializer::new(map)).map(RecipeRef::Object)
    }
}

/// A recipe, or `null`. gRPC's parameters have no objects, so that a recipe may be their JSON.
fn recipe<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RecipeRef>, D::Error> {
    struct Wanted(RecipeRef);
    impl<'de> Deserialize<'de> for Wanted {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(RecipeVisitor).map(Self)
        }
    }
    Ok(Option::deserialize(deserializer)?.map(|Wanted(recipe)| recipe))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<OutputParameters, String> {
        json::parse(json.as_bytes())
            .map_err(|error| format!("{}: {error}", error.pointer().unwrap_or_default()))
    }

    #[test]
    fn a_recipe_is_a_name_an_object_or_the_text_of_one() {
        let recipe = |json: &str| read(json).unwrap().recipe;
        assert_eq!(recipe(r#"{"recipe": "last-four"}"#), Some(RecipeRef::Name("last-four".into())));
        let object = recipe(r#"{"recipe": {"layers": [-1], "pooling": "max"}}"#);
        assert!(matches!(object, Some(RecipeRef::Object(_))));
        let text = recipe(r#"{"recipe": "{\"layers\": [-1], \"pooling\": \"max\"}"}"#);
        assert_eq!(object, text);
        assert_eq!(recipe(r#"{"recipe": null}"#), None);
    }

    #[test]
    fn a_mistake_has_its_place() {
        for (json, said) in [
            (r#"{"recipe": 1}"#, "/recipe: invalid type: integer `1`, expected a recipe's name"),
            (r#"{"recipe": "{\"layers\": 1}"}"#, "/recipe: in the recipe/layers: invalid type"),
            (r#"{"precision": "int4"}"#, "/precision: unknown variant `int4`"),
            (r#"{"timeout": 1}"#, "/timeout: unknown field `timeout`, expected one of `recipe`"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
