//! `/embed` and `/embed_all`: rows by the recipe `native`; `/embed_sparse`: the weights of tokens.

use std::sync::Arc;

use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::error::ErrorBody;
use super::options::{HubOptions, NoParameters, TruncationDirection, long_input};
use crate::http::caller::Caller;
use crate::http::dialects::openai::OpenAiInput;
use crate::http::embedding::{Embedded, EmbeddingAnswer, EmbeddingRequest};
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::inputs;
use crate::http::models;
use crate::http::prompts;
use crate::http::recipe::{cut, native};
use crate::http::sparse::{IdWeight, SparseRequest};
use crate::http::tokenizing::LongInput;
use crate::http::vectors::FLOAT_BYTES;
use crate::model::recipe::ResolvedRecipe;

/// The body of `POST /embed`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TeiEmbedRequest, example = json!({"inputs": ["A gripping film."], "truncate": true}))]
pub struct EmbedRequest {
    /// A text or a list of texts.
    inputs: OpenAiInput,
    /// Whether a text that has too many tokens is cut; if not, it is an error.
    #[serde(default)]
    truncate: Option<bool>,
    /// The side on which it is cut.
    #[serde(default)]
    truncation_direction: Option<TruncationDirection>,
    /// The name of one of the checkpoint's own prompts.
    #[serde(default)]
    prompt_name: Option<String>,
    /// Whether rows are divided by their L2 norm; by default they are.
    #[serde(default)]
    normalize: Option<bool>,
    /// How many of the first columns to keep, before normalisation.
    #[serde(default)]
    #[schema(minimum = 1)]
    dimensions: Option<usize>,
    /// How vectors are written.
    #[serde(default, rename = "encoding_format")]
    _encoding_format: Option<EncodingFormat>,
    /// Nothing: the fields above are at the first level.
    #[serde(default, rename = "parameters")]
    _parameters: Option<NoParameters>,
    /// Has no effect.
    #[serde(default, rename = "options")]
    _options: Option<HubOptions>,
    /// A name of the model that is asked; by default the first one.
    #[serde(default)]
    model: Option<String>,
}

impl AsksModel for EmbedRequest {
    fn model(&self) -> models::Wanted<'_> {
        models::Wanted::named(self.model.as_deref())
    }
}

/// How vectors are written; base64 is for the OpenAI route alone.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeiEncodingFormat)]
#[serde(rename_all = "lowercase")]
enum EncodingFormat {
    /// Lists of numbers.
    Float,
}

/// The body of `POST /embed_all` and of `POST /embed_sparse`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TeiEmbedAllRequest, example = json!({"inputs": "A gripping film."}))]
pub struct EmbedAllRequest {
    /// A text or a list of texts.
    inputs: OpenAiInput,
    /// Whether a text that has too many tokens is cut; if not, it is an error.
    #[serde(default)]
    truncate: Option<bool>,
    /// The side on which it is cut.
    #[serde(default)]
    truncation_direction: Option<TruncationDirection>,
    /// The name of one of the checkpoint's own prompts.
    #[serde(default)]
    prompt_name: Option<String>,
    /// A name of the model that is asked; by default the first one.
    #[serde(default)]
    model: Option<String>,
}

impl AsksModel for EmbedAllRequest {
    fn model(&self) -> models::Wanted<'_> {
        models::Wanted::named(self.model.as_deref())
    }
}

/// Texts and what is to be computed of them.
struct Wanted {
    inputs: OpenAiInput,
    prompt_name: Option<String>,
    recipe: Arc<ResolvedRecipe>,
    /// One row per token.
    tokens: bool,
    long_text: LongInput,
}

/// Embeds texts: one row per text.
#[utoipa::path(
    post, path = "/embed", operation_id = "tei_embed", tag = "text-embeddings-inference",
    request_body = EmbedRequest,
    responses(
        (status = 200, body = Vec<Vec<f32>>, description = "One row per text, in order."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 413, 422, 424, 429 and others."),
        (status = "5XX", body = ErrorBody, description = "503, 504."),
    ),
)]
pub async fn embed(
    ApiJson { value: request, caller }: ApiJson<EmbedRequest>,
) -> Result<Response, ApiError> {
    let service = &caller.service();
    let recipe = native(service, request.normalize.or(Some(true)))?;
    let wanted = Wanted {
        inputs: request.inputs,
        prompt_name: request.prompt_name,
        recipe: cut(recipe, request.dimensions, "/dimensions")?,
        tokens: false,
        long_text: long_input(service, request.truncate, request.truncation_direction),
    };
    let answer = compute(wanted, caller).await?;
    answer.write(&service.text_pool, |Embedded { rows, .. }| rows).await
}

/// Embeds the tokens of texts: one row per token, which is not normalised.
#[utoipa::path(
    post, path = "/embed_all", operation_id = "tei_embed_all", tag = "text-embeddings-inference",
    request_body = EmbedAllRequest,
    responses(
        (status = 200, body = Vec<Vec<Vec<f32>>>,
         description = "One list per text, in order, with one row per token."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 413, 422, 424, 429 and others."),
        (status = "5XX", body = ErrorBody, description = "503, 504."),
    ),
)]
pub async fn embed_all(
    ApiJson { value: request, caller }: ApiJson<EmbedAllRequest>,
) -> Result<Response, ApiError> {
    let service = &caller.service();
    let recipe = native(service, Some(false))?;
    let width = EmbeddingRequest::width(&recipe, true, service);
    let wanted = Wanted {
        inputs: request.inputs,
        prompt_name: request.prompt_name,
        recipe,
        tokens: true,
        long_text: long_input(service, request.truncate, request.truncation_direction),
    };
    let answer = compute(wanted, caller).await?;
    let write = move |Embedded { rows, .. }| -> Vec<Vec<Vec<f32>>> {
        let tokens = |row: Vec<f32>| row.chunks_exact(width).map(<[f32]>::to_vec).collect();
        rows.into_iter().map(tokens).collect()
    };
    answer.write(&service.text_pool, write).await
}

/// Embeds texts: the weights of tokens per text, by SPLADE or by the weights of its own tokens.
#[utoipa::path(
    post, path = "/embed_sparse", operation_id = "tei_embed_sparse",
    tag = "text-embeddings-inference", request_body = EmbedAllRequest,
    responses(
        (status = 200, body = Vec<Vec<IdWeight>>,
         description = "One list per text, in order, of the ids that have a weight; ids ascend."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 413, 422, 424, 429 and others."),
        (status = "5XX", body = ErrorBody, description = "503, 504."),
    ),
)]
pub async fn embed_sparse(
    ApiJson { value: request, mut caller }: ApiJson<EmbedAllRequest>,
) -> Result<Response, ApiError> {
    let service = &caller.service();
    let texts = request.inputs.into_texts(service, &mut caller, "/inputs").await?;
    let prompt = prompts::choose_prompt(service, None, request.prompt_name, "/prompt_name", true)?;
    let inputs = inputs::check_all(service, "/inputs", texts, &prompt, &mut caller.memory)?;
    let long_text = long_input(service, request.truncate, request.truncation_direction);
    SparseRequest { inputs, long_text }.answer(service, caller).await
}

async fn compute(wanted: Wanted, mut caller: Caller) -> Result<EmbeddingAnswer, ApiError> {
    let service = &caller.service();
    let Wanted { inputs, prompt_name, recipe, tokens, long_text } = wanted;
    let texts = inputs.into_texts(service, &mut caller, "/inputs").await?;
    let prompt = prompts::choose_prompt(service, None, prompt_name, "/prompt_name", true)?;
    let inputs = inputs::check_all(service, "/inputs", texts, &prompt, &mut caller.memory)?;
    let width = EmbeddingRequest::width(&recipe, tokens, service);
    let row_bytes = FLOAT_BYTES * width;
    let texts = EmbeddingRequest { inputs, recipe, tokens, echo: false, long_text, row_bytes };
    texts.compute(service, caller, "").await
}
