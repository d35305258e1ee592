//! `/decode`: texts of token ids.

use std::fmt;

use axum::response::Response;
use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, SeqAccess, Unexpected, Visitor};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::error::ErrorBody;
use crate::config::MOST_INPUTS;
use crate::http::capped_list::read_list;
use crate::http::decoding::DecodingRequest;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::inputs::InputField;
use crate::http::models::Wanted;
use crate::http::token_ids::TokenIds;

/// The body of `POST /decode`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TeiDecodeRequest, example = json!({"ids": [101, 102]}))]
pub struct DecodeRequest {
    /// Token ids of one text, or a list of such lists.
    ids: InputIds,
    /// Whether special tokens are left out; by default they are.
    #[serde(default)]
    skip_special_tokens: Option<bool>,
    /// A name of the model that is asked; by default the first one.
    #[serde(default)]
    model: Option<String>,
}

impl AsksModel for DecodeRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(self.model.as_deref())
    }
}

/// Lists of token ids.
#[derive(Clone, Debug, PartialEq, Eq)]
struct InputIds {
    ids: TokenIds,
    /// Whether the client sent the ids of one text.
    single: bool,
}

/// An id, or a list of ids. A derived untagged enum would first keep all of it in a form that takes
/// many times as much memory as the body.
enum Item {
    Id(u32),
    Ids(Vec<u32>),
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a token id or a list of token ids")
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

struct IdsVisitor;

impl<'de> Visitor<'de> for IdsVisitor {
    type Value = InputIds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of token ids, or a list of such lists")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<InputIds, A::Error> {
        let (lists, count, single) = match list.next_element()? {
            None => (Vec::new(), 0, true),
            Some(Item::Id(first)) => {
                let (ids, _) = read_list(vec![first], list, usize::MAX)?;
                (vec![ids], 1, true)
            }
            Some(Item::Ids(first)) => {
                let (lists, count) = read_list(vec![first], list, MOST_INPUTS)?;
                (lists, count, false)
            }
        };
        Ok(InputIds { ids: TokenIds { lists, count }, single })
    }
}

impl<'de> Deserialize<'de> for InputIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdsVisitor)
    }
}

impl PartialSchema for InputIds {
    fn schema() -> RefOr<Schema> {
        let ids = || {
            let id = ObjectBuilder::new().schema_type(Type::Integer);
            let id = id.minimum(Some(0)).maximum(Some(u32::MAX as usize));
            ArrayBuilder::new().items(id).min_items(Some(1))
        };
        let description = "The ids of one text, or a list of such lists.";
        let lists = ArrayBuilder::new().items(ids()).min_items(Some(1));
        OneOfBuilder::new().description(Some(description)).item(ids()).item(lists).into()
    }
}

impl ToSchema for InputIds {
    fn name() -> std::borrow::Cow<'static, str> {
        "TeiInputIds".into()
    }
}

/// Joins tokens into texts.
#[utoipa::path(
    post, path = "/decode", operation_id = "tei_decode", tag = "text-embeddings-inference",
    request_body = DecodeRequest,
    responses(
        (status = 200, body = Vec<String>, description = "One text per list, in order."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 413, 422, 424, 429 and others."),
        (status = "5XX", body = ErrorBody, description = "503, 504."),
    ),
)]
pub async fn decode(
    ApiJson { value: request, caller }: ApiJson<DecodeRequest>,
) -> Result<Response, ApiError> {
    let InputIds { ids, single } = request.ids;
    let request = DecodingRequest {
        ids,
        field: InputField { pointer: "/ids", single, repeated: 1 },
        skip_special_tokens: request.skip_special_tokens.unwrap_or(true),
    };
    request.answer(&caller.service(), caller).await
}
