//! The field `input` of `/v1/embeddings`: a text, a list of texts, token ids, or a list of those.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::config::MOST_INPUTS;
use crate::http::caller::Caller;
use crate::http::capped_list::read_list;
use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;
use crate::http::inputs::InputField;
use crate::http::service::Service;
use crate::http::token_ids::TokenIds;
use crate::http::wire::{WireInput, WireInputs};
use crate::http::wire_texts::WireText;

/// What is to be embedded.
#[derive(Clone, Debug, PartialEq)]
pub enum OpenAiInput {
    /// Texts.
    Texts(WireInputs),
    /// Token ids.
    TokenIds {
        /// Those of each input.
        ids: TokenIds,
        /// Whether they are of one input without a list.
        single: bool,
    },
}

impl OpenAiInput {
    /// The texts. `pointer` is the field.
    ///
    /// # Errors
    /// They are token ids, and the configuration doesn't allow them, or this model's tokenizer doesn't
    /// make them of any text.
    pub async fn into_texts(
        self,
        service: &Arc<Service>,
        caller: &mut Caller,
        pointer: &'static str,
    ) -> Result<WireInputs, ApiError> {
        match self {
            Self::Texts(texts) => Ok(texts),
            Self::TokenIds { ids, single } if service.openai.token_ids => {
                let texts = ids
                    .into_texts(service, caller, InputField { pointer, single, repeated: 1 })
                    .await?;
                let mut texts: Vec<_> = texts.into_iter().map(WireInput::Text).collect();
                Ok(match texts.pop() {
                    Some(text) if single => WireInputs::One(text),
                    last => WireInputs::Several(texts.into_iter().chain(last).collect()),
                })
            }
            Self::TokenIds { .. } => {
                let message =
                    "the input is token ids, which another tokenizer may have made; send the text";
                Err(ApiError::unacceptable(ErrorCode::TokenIdsUnsupported, pointer, message))
            }
        }
    }
}

impl PartialSchema for OpenAiInput {
    fn schema() -> RefOr<Schema> {
        let list = || ArrayBuilder::new().min_items(Some(1));
        let text = ObjectBuilder::new().schema_type(Type::String);
        let texts = Ref::from_schema_name(WireText::name());
        let ids = || {
            let id = ObjectBuilder::new().schema_type(Type::Integer);
            list().items(id.minimum(Some(0)).maximum(Some(u32::MAX as usize)))
        };
        let description = "A text or a list of texts. If openai.token_ids is set, also the token ids \
                           of one input, or a list of those.";
        let all = OneOfBuilder::new().description(Some(description));
        all.item(text).item(list().items(texts)).item(ids()).item(list().items(ids())).into()
    }
}

impl ToSchema for OpenAiInput {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((WireText::name().into_owned(), WireText::schema()));
    }
}

struct InputVisitor;

impl<'de> Visitor<'de> for InputVisitor {
    type Value = OpenAiInput;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<OpenAiInput, E> {
        Ok(OpenAiInput::Texts(WireInputs::One(WireInput::Text(text.to_owned()))))
    }

    /// The first item says what the others have to be.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OpenAiInput, A::Error> {
        let Some(first) = list.next_element()? else {
            return Ok(OpenAiInput::Texts(WireInputs::Several(Vec::new())));
        };
        match first {
            Item::Text(first) => {
                let (texts, count) = read_list(vec![first], list, MOST_INPUTS)?;
                let input = |WireText(text)| WireInput::Text(text);
                Ok(OpenAiInput::Texts(match count == texts.len() {
                    true => WireInputs::Several(texts.into_iter().map(input).collect()),
                    false => WireInputs::TooMany(count),
                }))
            }
            Item::Id(first) => {
                let (ids, _) = read_list(vec![first], list, usize::MAX)?;
                let ids = TokenIds { lists: vec![ids], count: 1 };
                Ok(OpenAiInput::TokenIds { ids, single: true })
            }
            Item::Ids(first) => {
                let (lists, count) = read_list(vec![first], list, MOST_INPUTS)?;
                Ok(OpenAiInput::TokenIds { ids: TokenIds { lists, count }, single: false })
            }
        }
    }
}

/// The first item of a list.
enum Item {
    Text(WireText),
    Id(u32),
    Ids(Vec<u32>),
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Item, E> {
        Ok(Item::Text(WireText(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Item, A::Error> {
        WireText::deserialize(MapAccessDeserializer::new(map)).map(Item::Text)
    }

    fn visit_u64<E: Error>(self, id: u64) -> Result<Item, E> {
        let id = u32::try_from(id);
        id.map(Item::Id).map_err(|_| E::invalid_value(Unexpected::Other("a large number"), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Item, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Item::Ids)
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

    fn read(json: &str) -> OpenAiInput {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn texts_are_read_alone_and_in_lists() {
        let text = |text: &str| WireInput::Text(text.to_owned());
        let texts = OpenAiInput::Texts;
        assert_eq!(read("\"a\""), texts(WireInputs::One(text("a"))));
        assert_eq!(read("[\"a\", \"b\"]"), texts(WireInputs::Several(vec![text("a"), text("b")])));
        let OpenAiInput::Texts(WireInputs::Several(objects)) = read("[{\"text\": \"a\"}, \"b\"]")
        else {
            panic!("a list of texts");
        };
        assert_eq!(objects.len(), 2);
        assert_eq!(read("[]"), texts(WireInputs::Several(Vec::new())));
        let many = format!("[{}]", vec!["\"a\""; MOST_INPUTS + 2].join(","));
        assert_eq!(read(&many), texts(WireInputs::TooMany(MOST_INPUTS + 2)));
    }

    #[test]
    fn token_ids_are_read_alone_and_in_lists() {
        let ids = |lists: &[&[u32]], single| {
            let lists: Vec<_> = lists.iter().map(|list| list.to_vec()).collect();
            let count = lists.len();
            OpenAiInput::TokenIds { ids: TokenIds { lists, count }, single }
        };
        assert_eq!(read("[1, 2]"), ids(&[&[1, 2]], true));
        assert_eq!(read("[[1, 2], [3]]"), ids(&[&[1, 2], &[3]], false));
        assert_eq!(read("[[]]"), ids(&[&[]], false));
    }

    #[test]
    fn anything_else_and_a_mixture_are_refused() {
        for wrong in [
            "1",
            "null",
            "{}",
            "[null]",
            "[[\"a\"]]",
            "[-1]",
            "[1.5]",
            "[1, \"a\"]",
            "[\"a\", 1]",
            "[[1], 2]",
            "[{\"image\": \"a\"}]",
            "[{\"text\": \"a\", \"pair\": \"b\"}]",
            "[4294967296]",
        ] {
            assert!(serde_json::from_str::<OpenAiInput>(wrong).is_err(), "{wrong}");
        }
    }
}
