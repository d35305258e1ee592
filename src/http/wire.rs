//! What clients send, as written. Enums of several forms are read by hand, since a derived
//! untagged enum forgets where in the body the mistake was.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::head::OutputActivation;
use crate::model::recipe::RecipeRef;

/// A text, or two texts read together.
#[derive(Clone, Debug, PartialEq, ToSchema)]
#[schema(examples("A gripping, beautifully shot film."))]
#[serde(untagged)]
pub enum WireInput {
    /// One text.
    Text(String),
    /// One or two.
    Pair(WirePair),
}

/// One text, or two read together: token types 0 and 1.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WirePair {
    /// The first text.
    pub text: String,
    /// The second.
    #[serde(default)]
    pub pair: Option<String>,
}

/// One input, or a list of them.
#[derive(Clone, Debug, PartialEq, ToSchema)]
#[serde(untagged)]
pub enum WireInputs {
    /// One.
    One(WireInput),
    /// Several, answered in this order.
    Several(Vec<WireInput>),
}

impl WireInputs {
    /// As a list, with whether the client sent one.
    pub fn into_list(self) -> Vec<WireInput> {
        match self {
            Self::One(one) => vec![one],
            Self::Several(several) => several,
        }
    }
}

/// A form that JSON may give as a string, an object or a list.
trait Forms<'de>: Sized {
    const EXPECTED: &'static str;

    fn of_text(text: &str) -> Self;

    fn of_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;

    fn of_list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
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
        Ok(T::of_text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::of_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::of_list(list)
    }
}

impl<'de> Forms<'de> for WireInput {
    const EXPECTED: &'static str = "a text or an object with \"text\" and \"pair\"";

    fn of_text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    fn of_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        WirePair::deserialize(MapAccessDeserializer::new(map)).map(Self::Pair)
    }
}

impl<'de> Forms<'de> for WireInputs {
    const EXPECTED: &'static str = "a text, a list of texts, or objects with \"text\" and \"pair\"";

    fn of_text(text: &str) -> Self {
        Self::One(WireInput::of_text(text))
    }

    fn of_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        WireInput::of_map(map).map(Self::One)
    }

    fn of_list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Self::Several)
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

/// How vectors are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// A list of numbers.
    #[default]
    Float,
    /// Little-endian f32, in base64.
    Base64,
}

/// What happens to a text that has more tokens than the model takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WireLongText {
    /// It is cut at its end, and `usage.truncated` says so.
    #[default]
    Truncate,
    /// It is refused, with its number of tokens.
    Error,
    /// It is read in overlapping windows, each token once; texts alone, no pairs.
    Window,
}

/// The body of `POST /embed`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"inputs": ["A gripping film.", "A dull one."], "recipe": "last-four"}))]
pub struct EmbedRequest {
    /// What to embed.
    pub inputs: WireInputs,
    /// A recipe's name or an object; the configured one if it is left out.
    #[serde(default)]
    pub recipe: Option<RecipeRef>,
    /// How many of the first columns to keep, before normalising.
    #[serde(default)]
    pub dimensions: Option<usize>,
    /// How vectors are written.
    #[serde(default)]
    pub encoding: Encoding,
    /// A text to put in front of each input.
    #[serde(default)]
    pub prompt: Option<String>,
    /// The name of one of the checkpoint's own prompts.
    #[serde(default)]
    pub prompt_name: Option<String>,
    /// What happens to a text with too many tokens.
    #[serde(default)]
    pub long_text: WireLongText,
    /// Whether to answer with a row for each token in place of a pooled one.
    #[serde(default)]
    pub tokens: bool,
}

/// The body of `POST /classify`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"inputs": "A gripping, beautifully shot film.", "heads": ["sentiment"]}))]
pub struct ClassifyRequest {
    /// What to classify.
    pub inputs: WireInputs,
    /// Heads by name; the configured ones if it is left out.
    #[serde(default)]
    pub heads: Option<Vec<String>>,
    /// What turns logits into probabilities, in place of what the head says.
    #[serde(default)]
    pub activation: Option<OutputActivation>,
    /// How many labels to list in `top`, best first.
    #[serde(default)]
    pub top_k: Option<usize>,
    /// Whether to say what each token adds to each logit. Refused for heads for which that has no
    /// exact answer.
    #[serde(default)]
    pub explain: bool,
    /// A recipe, to get the embedding from the same pass.
    #[serde(default)]
    pub embed: Option<RecipeRef>,
    /// A text to put in front of each input.
    #[serde(default)]
    pub prompt: Option<String>,
    /// The name of one of the checkpoint's own prompts.
    #[serde(default)]
    pub prompt_name: Option<String>,
    /// What happens to a text with too many tokens.
    #[serde(default)]
    pub long_text: WireLongText,
}

/// What a request came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Usage {
    /// Tokens computed, special tokens included.
    pub tokens: usize,
    /// The inputs that were cut, by their place in the list.
    pub truncated: Vec<usize>,
}

/// One row of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Vector {
    /// As a list.
    Float(Vec<f32>),
    /// Little-endian f32, in base64.
    Base64(String),
}

/// What an input's recipe came to.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Embedding {
    /// The pooled row.
    Pooled(Vector),
    /// A row for each token, with `tokens: true`.
    Tokens(Vec<Vector>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_come_in_each_of_their_forms() {
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
    fn a_mistake_deep_in_a_list_is_found_where_it_is() {
        let mut json =
            serde_json::Deserializer::from_str("[\"a\", {\"text\": \"b\", \"pair\": 1}]");
        let error = serde_path_to_error::deserialize::<_, WireInputs>(&mut json).unwrap_err();
        assert_eq!(error.path().to_string(), "[1].pair");
    }
}
