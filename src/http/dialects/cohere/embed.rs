//! `POST /v2/embed`: rows by the recipe `native`, in several types at once.
//!
//! <https://docs.cohere.com/reference/embed>

use axum::response::Response;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::embed_fields::{Content, EmbeddingType, InputType, MixedInput, Truncate};
use super::error::ErrorBody;
use super::limits::check_tokens;
use crate::http::embedding::{Embedded, EmbeddingRequest};
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::inputs;
use crate::http::models::Wanted;
use crate::http::prompts::{Purpose, purpose_prompt};
use crate::http::recipe::{cut, native};
use crate::http::vectors::{Vector, VectorFormat};
use crate::http::wire::WireInput;
use crate::http::wire_texts::WireTexts;

/// The body of `POST /v2/embed`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CohereEmbedRequest, example = json!({
    "texts": ["A gripping film."], "model": "all-MiniLM-L6-v2", "input_type": "search_document"
}))]
pub struct EmbedRequest {
    /// A name of the model.
    model: String,
    /// What the texts are for, which chooses one of the checkpoint's prompts.
    #[serde(default)]
    input_type: Option<InputType>,
    /// The texts, if there are no `inputs`.
    #[serde(default)]
    texts: Option<WireTexts>,
    /// The texts, if there are no `texts`.
    #[serde(default)]
    #[schema(min_items = 1)]
    inputs: Option<Vec<MixedInput>>,
    /// The types of the embeddings; `float` by default.
    #[serde(default)]
    embedding_types: Option<Vec<EmbeddingType>>,
    /// How many of the first columns to keep, before normalisation.
    #[serde(default)]
    #[schema(minimum = 1)]
    output_dimension: Option<usize>,
    /// What happens to a text with too many tokens; by default it is cut at its end.
    #[serde(default)]
    truncate: Option<Truncate>,
    /// How many tokens of a text are read: not fewer than the model's own limit, which is the one that
    /// counts.
    #[serde(default)]
    max_tokens: Option<usize>,
    /// Ranks requests at Cohere; here the header `x-priority` does.
    #[serde(default, rename = "priority")]
    _priority: Option<u32>,
}

impl AsksModel for EmbedRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(Some(&self.model))
    }
}

/// The answer of `POST /v2/embed`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CohereEmbedResponse)]
pub struct EmbedResponse {
    /// An id of the answer.
    id: String,
    /// By type: one embedding per text, in order.
    #[schema(value_type = BTreeMap<String, Vec<Vector>>)]
    embeddings: Embeddings,
    /// The texts.
    texts: Vec<String>,
    /// What Cohere would bill: tokens computed.
    meta: Value,
}

/// The rows in each type that was asked for.
#[derive(Debug)]
struct Embeddings(Vec<(EmbeddingType, Vec<Vector>)>);

impl Serialize for Embeddings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (kind, vectors) in &self.0 {
            map.serialize_entry(kind, vectors)?;
        }
        map.end()
    }
}

/// Embeds texts, in several types at once.
#[utoipa::path(
    post, path = "/v2/embed", operation_id = "cohere_embed", tag = "Cohere and Jina",
    request_body = EmbedRequest,
    responses(
        (status = 200, body = EmbedResponse, description = "By type one embedding per text, in order."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 408, 413, 415, 422, 429, 431."),
        (status = "5XX", body = ErrorBody, description = "500, 503, 504."),
    ),
)]
pub async fn embed(
    ApiJson { value: request, mut caller }: ApiJson<EmbedRequest>,
) -> Result<Response, ApiError> {
    let service = &caller.service();
    check_tokens(service.sequence_tokens, request.max_tokens, "max_tokens")?;
    let (pointer, texts) = texts(request.texts, request.inputs)?;
    let recipe = cut(native(service, None)?, request.output_dimension, "/output_dimension")?;
    let purpose = request.input_type.map(Purpose::from);
    let prompt = purpose_prompt(service, purpose, Some("/input_type"));
    let types = types(request.embedding_types);
    let formats = types.iter().map(|kind| kind.format(service, &recipe, &prompt.text));
    let formats: Vec<VectorFormat> = formats.collect::<Result<_, _>>()?;
    let echoed = texts.as_slice().to_vec();
    let wire = texts.into_inputs(WireInput::Text);
    let embedding = EmbeddingRequest {
        inputs: inputs::check_all(service, pointer, wire, &prompt, &mut caller.memory)?,
        row_bytes: formats.iter().map(|format| format.json_bytes(recipe.dimensions)).sum(),
        recipe,
        tokens: false,
        echo: true,
        long_text: request.truncate.unwrap_or(Truncate::End).into(),
    };
    let answer = embedding.compute(service, caller, "/model").await?;
    let write = move |Embedded { rows, usage }| {
        let vectors = |format: VectorFormat| {
            rows.iter().map(|row| format.vector(row.clone())).collect::<Vec<_>>()
        };
        let embeddings = types.into_iter().zip(formats.into_iter().map(vectors)).collect();
        EmbedResponse {
            id: Uuid::new_v4().to_string(),
            embeddings: Embeddings(embeddings),
            texts: echoed,
            meta: json!({
                "api_version": {"version": "2"},
                "billed_units": {"input_tokens": usage.tokens},
            }),
        }
    };
    answer.write(&service.text_pool, write).await
}

/// The texts, and the pointer of the field that has them.
fn texts(
    texts: Option<WireTexts>,
    inputs: Option<Vec<MixedInput>>,
) -> Result<(&'static str, WireTexts), ApiError> {
    let refused = |pointer: String, message| Err(ApiError::InvalidField { pointer, message });
    let inputs = match (texts, inputs) {
        (Some(texts), None) => return Ok(("/texts", texts)),
        (None, Some(inputs)) => inputs,
        (found, _) => {
            let found = if found.is_some() { "both" } else { "neither" };
            let message =
                format!("{found} of \"texts\" and \"inputs\" are given; one of them is needed");
            return refused("/texts".to_owned(), message);
        }
    };
    let mut texts = Vec::with_capacity(inputs.len());
    for (index, MixedInput { mut content }) in inputs.into_iter().enumerate() {
        let parts = content.len();
        match content.pop() {
            Some(Content { text, .. }) if parts == 1 => texts.push(text),
            _ => {
                let message = format!("the input has {parts} parts; one text is allowed");
                return refused(format!("/inputs/{index}/content"), message);
            }
        }
    }
    Ok(("/inputs", WireTexts::from(texts)))
}

/// Each type once; floats if none is named.
fn types(named: Option<Vec<EmbeddingType>>) -> Vec<EmbeddingType> {
    let mut types = Vec::new();
    for kind in named.filter(|named| !named.is_empty()).unwrap_or(vec![EmbeddingType::Float]) {
        if !types.contains(&kind) {
            types.push(kind);
        }
    }
    types
}
