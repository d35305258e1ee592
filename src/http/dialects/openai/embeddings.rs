//! `POST /v1/embeddings`: rows by the recipe `native`, for the clients of OpenAI and Jina.

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ErrorBody;
use super::input::OpenAiInput;
use super::jina::{EmbeddingType, Task, check_late_chunking};
use crate::http::caller::Caller;
use crate::http::embedding::{Embedded, EmbeddingRequest};
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::inputs;
use crate::http::models::Wanted;
use crate::http::prompts::{Purpose, purpose_prompt};
use crate::http::recipe::{cut, native};
use crate::http::tokenizing::LongInput;
use crate::http::vectors::{Encoding, Vector, VectorFormat};
use crate::quantization::Precision;

/// The body of `POST /v1/embeddings`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpenAiEmbeddingsRequest,
    example = json!({"input": ["A gripping film."], "model": "all-MiniLM-L6-v2"}))]
pub struct EmbeddingsRequest {
    /// The texts.
    input: OpenAiInput,
    /// A name of the model, which `/v1/models` lists.
    #[schema(nullable = false, required)]
    #[serde(default)]
    model: Option<String>,
    /// How vectors are written.
    #[serde(default)]
    encoding_format: Option<Encoding>,
    /// How many of the first columns to keep, before normalisation.
    #[serde(default)]
    #[schema(minimum = 1)]
    dimensions: Option<usize>,
    /// Of Jina: what the texts are for.
    #[serde(default)]
    task: Option<Task>,
    /// Of Jina: how vectors are written, whatever `encoding_format` says.
    #[serde(default)]
    embedding_type: Option<EmbeddingType>,
    /// Of Jina: whether rows are divided by their L2 norm; by default as the checkpoint says.
    #[serde(default)]
    normalized: Option<bool>,
    /// Of Jina: whether a text that has too many tokens is cut; by default as configured.
    #[serde(default)]
    truncate: Option<bool>,
    /// Of Jina: whether the texts are parts of one text. Not served.
    #[serde(default)]
    late_chunking: Option<bool>,
    /// For OpenAI's own statistics.
    #[serde(default, rename = "user")]
    _user: Option<String>,
}

impl AsksModel for EmbeddingsRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(self.model.as_deref())
    }
}

/// The answer of `POST /v1/embeddings`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiEmbeddings)]
pub struct EmbeddingsResponse {
    /// `list`
    object: &'static str,
    /// One item per text, in order.
    data: Vec<Item>,
    /// The model's name, as in the request.
    model: String,
    /// Tokens.
    usage: Usage,
}

/// The embedding of one text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiEmbedding)]
struct Item {
    /// `embedding`
    object: &'static str,
    /// The index of the text.
    index: usize,
    /// Its row.
    embedding: Vector,
}

/// Tokens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiUsage)]
struct Usage {
    /// Tokens computed, special tokens included.
    prompt_tokens: usize,
    /// The same number.
    total_tokens: usize,
}

/// Embeds texts, for the clients of OpenAI and Jina.
#[utoipa::path(
    post, path = "/v1/embeddings", operation_id = "openai_embeddings", tag = "OpenAI and Jina",
    request_body = EmbeddingsRequest,
    responses(
        (status = 200, body = EmbeddingsResponse, description = "One embedding per text, in order."),
        (status = "4XX", body = ErrorBody, description = "400, 401, 404, 408, 413, 415, 429, 431."),
        (status = "5XX", body = ErrorBody, description = "500, 503, 504."),
    ),
)]
pub async fn embeddings(
    ApiJson { value: request, caller }: ApiJson<EmbeddingsRequest>,
) -> Result<Response, ApiError> {
    let service = &caller.service();
    let Some(model) = request.model.clone() else {
        let message = "missing field `model`".to_owned();
        return Err(ApiError::InvalidField { pointer: "/model".to_owned(), message });
    };
    let defaults = Defaults { model, truncate: service.openai.truncate, normalize: None };
    request.answer(caller, defaults).await
}

/// What a route makes of fields that a request leaves out.
pub struct Defaults {
    /// The model's name in the answer.
    pub model: String,
    /// Whether a text that has too many tokens is cut.
    pub truncate: bool,
    /// Whether rows are divided by their L2 norm, if that isn't as the checkpoint says.
    pub normalize: Option<bool>,
}

impl EmbeddingsRequest {
    /// Embeds the texts.
    ///
    /// # Errors
    /// The input can't be used, or like [`EmbeddingRequest::compute`].
    pub async fn answer(
        self,
        mut caller: Caller,
        defaults: Defaults,
    ) -> Result<Response, ApiError> {
        let service = &caller.service();
        let Defaults { model, truncate, normalize } = defaults;
        check_late_chunking(self.late_chunking)?;
        // OpenAI's client always sends its own field, so that of Jina counts.
        let openai = (Precision::Float32, self.encoding_format.unwrap_or_default());
        let (precision, encoding) = self.embedding_type.map_or(openai, EmbeddingType::format);
        let long_text = LongInput::cut_if(self.truncate.unwrap_or(truncate), None);
        let texts = self.input.into_texts(service, &mut caller, "/input").await?;
        let recipe = native(service, self.normalized.or(normalize))?;
        let recipe = cut(recipe, self.dimensions, "/dimensions")?;
        let prompt = purpose_prompt(service, self.task.map(Purpose::from), Some("/task"));
        let inputs = inputs::check_all(service, "/input", texts, &prompt, &mut caller.memory)?;
        let pointer = "/embedding_type";
        let format =
            VectorFormat::new(service, precision, encoding, &recipe, &prompt.text, pointer)?;
        let texts = EmbeddingRequest {
            inputs,
            row_bytes: format.json_bytes(recipe.dimensions),
            recipe,
            tokens: false,
            echo: false,
            long_text,
        };
        let answer = texts.compute(service, caller, "/model").await?;
        let write = move |Embedded { rows, usage }| {
            let item =
                |(index, row)| Item { object: "embedding", index, embedding: format.vector(row) };
            EmbeddingsResponse {
                object: "list",
                data: rows.into_iter().enumerate().map(item).collect(),
                model,
                usage: Usage { prompt_tokens: usage.tokens, total_tokens: usage.tokens },
            }
        };
        answer.write(&service.text_pool, write).await
    }
}
