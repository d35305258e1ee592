//! What the requests and answers of `/embed` and `/classify` share. Enums of several JSON forms are
//! read by hand, since a derived untagged enum loses the place of a mistake in the body.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::capped_list::read_list;
use crate::config::MOST_INPUTS;

/// A text, or two texts that are read as a pair.
#[derive(Clone, Debug, PartialEq, ToSchema)]
#[schema(examples("A gripping, beautifully shot film."))]
#[serde(untagged)]
pub enum WireInput {
    /// One text.
    Text(String),
    /// One text or a pair.
    Pair(WirePair),
}

impl WireInput {
    /// Bytes of its texts.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Pair(WirePair { text, pair }) => {
                text.len() + pair.as_ref().map_or(0, String::len)
            }
        }
    }
}

/// One text, or two that are read as a pair, with token types 0 and 1.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WirePair {
    /// The first text.
    pub text: String,
    /// The second text.
    #[serde(default)]
    pub pair: Option<String>,
}

/// One input, or a list of them.
#[derive(Clone, Debug, PartialEq)]
pub enum WireInputs {
    /// One input.
    One(WireInput),
    /// Several inputs; the results have the same order.
    Several(Vec<WireInput>),
    /// More inputs than any configuration allows; they were counted and not kept.
    TooMany(usize),
}

impl WireInputs {
    /// How many inputs there are.
    pub fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Several(several) => several.len(),
            Self::TooMany(count) => *count,
        }
    }

    /// Those that were kept, as a list.
    pub fn into_list(self) -> Vec<WireInput> {
        match self {
            Self::One(one) => vec![one],
            Self::Several(several) => several,
            Self::TooMany(_) => Vec::new(),
        }
    }
}

impl PartialSchema for WireInputs {
    fn schema() -> RefOr<Schema> {
        let input = || Ref::from_schema_name(WireInput::name());
        let list = ArrayBuilder::new().items(input()).min_items(Some(1));
        let description = "One input, or a list of them; the results have the same order.";
        OneOfBuilder::new().description(Some(description)).item(input()).item(list).into()
    }
}

impl ToSchema for WireInputs {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((WireInput::name().into_owned(), WireInput::schema()));
        WireInput::schemas(schemas);
    }
}

/// A type that JSON may give as a string, an object or a list.
trait Forms<'de>: Sized {
    const EXPECTED: &'static str;

    fn from_text(text: &str) -> Self;

    fn from_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;

    fn from_list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        let _ = list;
        Err(serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &Self::EXPECTED))
    }
}

struct FormsVisitor<T>(PhantomData<T>);

impl<'de, T: Forms<'de>> Visitor<'de> for FormsVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::from_text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::from_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::from_list(list)
    }
}

impl<'de> Forms<'de> for WireInput {
    const EXPECTED: &'static str = "a text or an object with \"text\" and \"pair\"";

    fn from_text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    fn from_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        WirePair::deserialize(MapAccessDeserializer::new(map)).map(Self::Pair)
    }
}

impl<'de> Forms<'de> for WireInputs {
    const EXPECTED: &'static str = "a text, a list of texts, or objects with \"text\" and \"pair\"";

    fn from_text(text: &str) -> Self {
        Self::One(WireInput::from_text(text))
    }

    fn from_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        WireInput::from_map(map).map(Self::One)
    }

    fn from_list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        let (several, count) = read_list(Vec::new(), list, MOST_INPUTS)?;
        Ok(if count == several.len() { Self::Several(several) } else { Self::TooMany(count) })
    }
}

impl<'de> Deserialize<'de> for WireInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FormsVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for WireInputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FormsVisitor(PhantomData))
    }
}

/// What happens to a text that has more tokens than the model reads at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WireLongText {
    /// It is cut at its end, or at its beginning if the checkpoint says so; `usage.truncated` lists
    /// it.
    #[default]
    Truncate,
    /// It is refused; the message has its number of tokens.
    Error,
    /// It is read in overlapping windows, and each token counts once. Not for pairs.
    Window,
}

/// What a request used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Usage {
    /// Tokens computed, special tokens included.
    pub tokens: usize,
    /// Indices of the inputs that were cut.
    pub truncated: Vec<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_read_in_each_of_their_forms() {
        let read = |json: &str| serde_json::from_str::<WireInputs>(json).unwrap().into_list();
        let text = |text: &str| WireInput::Text(text.to_owned());
        let pair = |a: &str, b: Option<&str>| {
            WireInput::Pair(WirePair { text: a.to_owned(), pair: b.map(str::to_owned) })
        };
        assert_eq!(read("\"a\""), [text("a")]);
        assert_eq!(read("[]"), []);
        assert_eq!(
            read("[\"a\", {\"text\": \"b\", \"pair\": \"c\"}]"),
            [text("a"), pair("b", Some("c"))]
        );
        assert_eq!(read("{\"text\": \"b\"}"), [pair("b", None)]);
    }

    #[test]
    fn inputs_beyond_the_most_are_counted_and_not_kept() {
        let read = |count: usize| {
            let json = format!("[{}]", vec!["\"a\""; count].join(","));
            serde_json::from_str::<WireInputs>(&json).unwrap()
        };
        assert_eq!(read(MOST_INPUTS).into_list().len(), MOST_INPUTS);
        assert_eq!(read(MOST_INPUTS + 3), WireInputs::TooMany(MOST_INPUTS + 3));
    }

    #[test]
    fn a_mistake_deep_in_a_list_is_reported_with_its_path() {
        let mut json =
            serde_json::Deserializer::from_str("[\"a\", {\"text\": \"b\", \"pair\": 1}]");
        let error = serde_path_to_error::deserialize::<_, WireInputs>(&mut json).unwrap_err();
        assert_eq!(error.path().to_string(), "[1].pair");
    }
}
