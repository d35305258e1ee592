//! Lists of texts in other services' requests.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::capped_list::read_list;
use super::wire::{WireInput, WireInputs};
use crate::config::MOST_INPUTS;

/// A text, or an object that has only a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireText(pub String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextObject {
    text: String,
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = WireText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or an object with \"text\"")
    }

    fn visit_str<E>(self, text: &str) -> Result<WireText, E> {
        Ok(WireText(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WireText, A::Error> {
        let TextObject { text } = TextObject::deserialize(MapAccessDeserializer::new(map))?;
        Ok(WireText(text))
    }
}

impl PartialSchema for WireText {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let object = ObjectBuilder::new()
            .property("text", text().description(Some("The text.")))
            .required("text")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)));
        let description = "A text, or an object that has only a text.";
        OneOfBuilder::new().description(Some(description)).item(text()).item(object).into()
    }
}

impl ToSchema for WireText {}

impl<'de> Deserialize<'de> for WireText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A list of texts. Those beyond what any configuration allows are counted and not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireTexts {
    texts: Vec<String>,
    count: usize,
}

impl WireTexts {
    /// How many texts there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Bytes of those that were kept.
    pub fn bytes(&self) -> usize {
        self.texts.iter().map(String::len).sum()
    }

    /// Those that were kept.
    pub fn as_slice(&self) -> &[String] {
        &self.texts
    }

    /// One input per text.
    pub fn into_inputs(self, input: impl FnMut(String) -> WireInput) -> WireInputs {
        match self.count == self.texts.len() {
            true => WireInputs::Several(self.texts.into_iter().map(input).collect()),
            false => WireInputs::TooMany(self.count),
        }
    }
}

impl From<Vec<String>> for WireTexts {
    fn from(texts: Vec<String>) -> Self {
        Self { count: texts.len(), texts }
    }
}

impl PartialSchema for WireTexts {
    fn schema() -> RefOr<Schema> {
        let text = Ref::from_schema_name(WireText::name());
        let description = "A list of texts.";
        ArrayBuilder::new().items(text).min_items(Some(1)).description(Some(description)).into()
    }
}

impl ToSchema for WireTexts {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((WireText::name().into_owned(), WireText::schema()));
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = WireTexts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<WireTexts, A::Error> {
        let (texts, count) = read_list(Vec::new(), list, MOST_INPUTS)?;
        let texts = texts.into_iter().map(|WireText(text)| text).collect();
        Ok(WireTexts { texts, count })
    }
}

impl<'de> Deserialize<'de> for WireTexts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> WireTexts {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn texts_are_strings_or_objects_with_nothing_else() {
        let two = WireTexts::from(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(read("[\"a\", {\"text\": \"b\"}]"), two);
        for wrong in ["\"a\"", "[1]", "[{}]", "[{\"text\": \"a\", \"title\": \"b\"}]", "[null]"] {
            assert!(serde_json::from_str::<WireTexts>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn texts_beyond_the_most_are_counted_and_not_kept() {
        let many = read(&format!("[{}]", vec!["\"a\""; MOST_INPUTS + 3].join(",")));
        assert_eq!((many.count(), many.bytes()), (MOST_INPUTS + 3, MOST_INPUTS));
        assert_eq!(many.into_inputs(WireInput::Text), WireInputs::TooMany(MOST_INPUTS + 3));
    }
}
