//! The field `input` of `/v1/embeddings`: a text, a list of texts, token ids, or a list of those.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::config::MOST_INPUTS;
use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;
use crate::http::wire::{WireInput, WireInputs};

/// What is to be embedded.
#[derive(Clone, Debug, PartialEq)]
pub enum OpenAiInput {
    /// Texts.
    Texts(WireInputs),
    /// Token ids, of one input or of several. They were not kept.
    TokenIds,
}

impl OpenAiInput {
    /// The texts. `pointer` is the field.
    ///
    /// # Errors
    /// They are token ids.
    pub fn into_texts(self, pointer: &str) -> Result<WireInputs, ApiError> {
        match self {
            Self::Texts(texts) => Ok(texts),
            Self::TokenIds => {
                let message =
                    "the input is token ids, which another tokenizer may have made; send the text";
                Err(ApiError::unacceptable(ErrorCode::TokenIdsUnsupported, pointer, message))
            }
        }
    }
}

impl PartialSchema for OpenAiInput {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let texts = ArrayBuilder::new().items(text());
        let description = "A text or a list of texts.";
        OneOfBuilder::new().description(Some(description)).item(text()).item(texts).into()
    }
}

impl ToSchema for OpenAiInput {}

struct InputVisitor;

/// An item of the list.
enum Item {
    Text(String),
    TokenIds,
}

impl<'de> Visitor<'de> for InputVisitor {
    type Value = OpenAiInput;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<OpenAiInput, E> {
        Ok(OpenAiInput::Texts(WireInputs::One(WireInput::Text(text.to_owned()))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OpenAiInput, A::Error> {
        let mut texts = Vec::new();
        let mut more = 0;
        let mut has_ids = false;
        loop {
            if texts.len() == MOST_INPUTS {
                match list.next_element::<IgnoredAny>()? {
                    Some(_) => more += 1,
                    None => break,
                }
                continue;
            }
            match list.next_element()? {
                Some(Item::Text(text)) => texts.push(WireInput::Text(text)),
                Some(Item::TokenIds) => has_ids = true,
                None => break,
            }
        }
        Ok(match (has_ids, more) {
            (true, _) => OpenAiInput::TokenIds,
            (false, 0) => OpenAiInput::Texts(WireInputs::Several(texts)),
            (false, more) => OpenAiInput::Texts(WireInputs::TooMany(MOST_INPUTS + more)),
        })
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Item, E> {
        Ok(Item::Text(text.to_owned()))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Item, E> {
        Ok(Item::TokenIds)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Item, A::Error> {
        while list.next_element::<u32>()?.is_some() {}
        Ok(Item::TokenIds)
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

impl<'de> Deserialize<'de> for OpenAiInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_token_ids_are_told_apart() {
        let read = |json: &str| serde_json::from_str::<OpenAiInput>(json);
        let text = |text: &str| WireInput::Text(text.to_owned());
        let texts = OpenAiInput::Texts;
        assert_eq!(read("\"a\"").unwrap(), texts(WireInputs::One(text("a"))));
        let two = WireInputs::Several(vec![text("a"), text("b")]);
        assert_eq!(read("[\"a\", \"b\"]").unwrap(), texts(two));
        assert_eq!(read("[]").unwrap(), texts(WireInputs::Several(Vec::new())));
        for ids in ["[1, 2]", "[[1, 2], [3]]", "[[]]"] {
            assert_eq!(read(ids).unwrap(), OpenAiInput::TokenIds, "{ids}");
        }
        for wrong in ["1", "null", "{}", "[null]", "[[\"a\"]]", "[-1]", "[1.5]"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
