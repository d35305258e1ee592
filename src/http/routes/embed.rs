//! `POST /embed`: texts in, one embedding per input out, by any recipe.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::answer_format::{AnswerFormat, NPY};
use crate::http::embedding::{Embedded, EmbeddingRequest};
use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;
use crate::http::extract::{ApiJson, AsksModel};
use crate::http::inputs;
use crate::http::models::Wanted;
use crate::http::outputs::{InputType, OutputName, OutputsRequest, OutputsResponse};
use crate::http::problem::ProblemDetails;
use crate::http::prompts;
use crate::http::recipe::{cut, resolve};
use crate::http::vectors::{Embedding, Encoding, VectorFormat};
use crate::http::wire::{Usage, WireInputs, WireLongText};
use crate::model::recipe::{RecipeRef, ResolvedRecipe, bounded_list};
use crate::model::recipe_book::NATIVE;
use crate::quantization::Precision;

/// The body of `POST /embed`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"inputs": ["A gripping film.", "A dull one."], "recipe": "last-four"}))]
pub struct EmbedRequest {
    /// The texts to embed.
    pub inputs: WireInputs,
    /// A recipe's name or a recipe; by default the configured one.
    #[serde(default)]
    pub recipe: Option<RecipeRef>,
    /// How many of the first columns to keep, before normalisation. With `outputs`, of `dense`.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub dimensions: Option<usize>,
    /// How vectors are written.
    #[serde(default)]
    pub encoding: Option<Encoding>,
    /// How the columns of vectors are represented; with `outputs`, those of `dense`.
    #[serde(default)]
    pub precision: Option<Precision>,
    /// A text to put in front of each input.
    #[serde(default)]
    pub prompt: Option<String>,
    /// The name of one of the checkpoint's own prompts.
    #[serde(default)]
    pub prompt_name: Option<String>,
    /// What happens to a text with too many tokens.
    #[serde(default)]
    pub long_text: Option<WireLongText>,
    /// Whether to return one row per token instead of a pooled row.
    #[serde(default)]
    pub tokens: Option<bool>,
    /// Several outputs of each text from one pass, instead of its row alone.
    #[serde(default, deserialize_with = "bounded_list")]
    #[schema(min_items = 1, max_items = 1024)]
    pub outputs: Option<Vec<OutputName>>,
    /// What the texts are, for the output `multi_vector`; by default documents.
    #[serde(default)]
    pub input_type: Option<InputType>,
    /// The heads of the output `heads` by name; by default the configured ones.
    #[serde(default, deserialize_with = "bounded_list")]
    #[schema(min_items = 1, max_items = 1024)]
    pub heads: Option<Vec<String>>,
    /// A name of the model that is asked; by default the first one.
    #[serde(default)]
    model: Option<String>,
}

impl AsksModel for EmbedRequest {
    fn model(&self) -> Wanted<'_> {
        Wanted::named(self.model.as_deref())
    }
}

/// The answer of `POST /embed`.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmbedResponse {
    /// The model's name.
    pub model: String,
    /// The recipe, with its width, and with layers counted from 0.
    pub recipe: ResolvedRecipe,
    /// Columns of each row.
    pub dimensions: usize,
    /// One embedding per input, in order.
    pub embeddings: Vec<Embedding>,
    /// Tokens, and which inputs were cut.
    pub usage: Usage,
}

/// The answer with `outputs` or without.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum EmbedAnswer {
    /// Without `outputs`.
    Embeddings(EmbedResponse),
    /// With `outputs`.
    Outputs(OutputsResponse),
}

/// Embeds texts.
#[utoipa::path(
    post, path = "/embed", tag = "inference", request_body = EmbedRequest,
    responses(
        (status = 200, description = "One embedding per input, in order; as one numpy array if `Accept` \
         prefers it.",
         content((EmbedAnswer = "application/json"), (String = "application/x-npy"))),
        (status = "4XX", body = ProblemDetails, content_type = "application/problem+json",
         description = "400, 401, 404, 408, 413, 415, 422, 429, 431: nothing was computed."),
        (status = "5XX", body = ProblemDetails, content_type = "application/problem+json",
         description = "500, 503, 504."),
    ),
    params(
        ("x-timeout-ms" = Option<u64>, Header, minimum = 1, maximum = 18446744073709551615_u64, format = "uint64", nullable = false,
         description = "Milliseconds after which the answer is of no use."),
        ("x-request-id" = Option<String>, Header, description = "An id that is repeated in the answer and in the log."),
    )
)]
pub async fn embed(
    answer_format: AnswerFormat,
    ApiJson { value: request, mut caller }: ApiJson<EmbedRequest>,
) -> Result<Response, ApiError> {
    check_outputs(&request, answer_format)?;
    if request.outputs.is_some() {
        return request.several().answer(caller).await;
    }
    let service = &caller.service();
    let wanted = request.recipe.unwrap_or_else(|| RecipeRef::Name(service.default_recipe.clone()));
    let recipe = cut(resolve(service, &wanted, "/recipe")?, request.dimensions, "/dimensions")?;
    let native = matches!(&wanted, RecipeRef::Name(name) if name == NATIVE);
    let prompt = prompts::choose_prompt(
        service,
        request.prompt,
        request.prompt_name,
        "/prompt_name",
        native,
    )?;
    let inputs =
        inputs::check_all(service, "/inputs", request.inputs, &prompt, &mut caller.memory)?;
    let tokens = request.tokens == Some(true);
    let precision = request.precision.unwrap_or_default();
    check_tokens(tokens, precision, answer_format, inputs.count())?;
    let encoding = request.encoding.unwrap_or_default();
    let format =
        VectorFormat::new(service, precision, encoding, &recipe, &prompt.text, "/precision")?;
    let width = EmbeddingRequest::width(&recipe, tokens, service);
    let texts = EmbeddingRequest {
        inputs,
        recipe: Arc::clone(&recipe),
        tokens,
        echo: false,
        long_text: request.long_text.unwrap_or_default().into(),
        row_bytes: format.json_bytes(width),
    };
    let answer = texts.compute(service, caller, "/recipe/layers").await?;
    if answer_format == AnswerFormat::Npy {
        return answer.write_npy(&service.text_pool, format, width).await;
    }
    let model = service.model.name.clone();
    let write = move |Embedded { rows, usage }| {
        let embeddings = rows.into_iter().map(|row| {
            if tokens {
                let rows = row.chunks_exact(width);
                Embedding::Tokens(rows.map(|row| format.vector(row.to_vec())).collect())
            } else {
                Embedding::Pooled(format.vector(row))
            }
        });
        EmbedResponse {
            model,
            dimensions: width,
            embeddings: embeddings.collect(),
            recipe: Arc::unwrap_or_clone(recipe),
            usage,
        }
    };
    answer.write(&service.text_pool, write).await
}

impl EmbedRequest {
    /// The request with its `outputs`.
    fn several(self) -> OutputsRequest {
        OutputsRequest {
            input_type: self.input_type,
            recipe: self.recipe,
            dimensions: self.dimensions,
            precision: self.precision,
            encoding: self.encoding,
            heads: self.heads,
            prompt: self.prompt,
            prompt_name: self.prompt_name,
            long_text: self.long_text,
            ..OutputsRequest::new(self.inputs, self.outputs.unwrap_or_default())
        }
    }
}

/// Checks what `outputs` can be combined with, and what is of no use without it.
fn check_outputs(request: &EmbedRequest, answer_format: AnswerFormat) -> Result<(), ApiError> {
    let refused = |pointer: &str, message: &str| {
        Err(ApiError::unacceptable(ErrorCode::OutputUnsupported, pointer, message))
    };
    let alone = "it needs \"outputs\", with an output that it is for";
    match &request.outputs {
        None if request.input_type.is_some() => refused("/input_type", alone),
        None if request.heads.is_some() => refused("/heads", alone),
        Some(_) if request.tokens == Some(true) => {
            refused("/tokens", "rows of tokens are an answer of their own, without \"outputs\"")
        }
        Some(_) if answer_format == AnswerFormat::Npy => Err(ApiError::InvalidHeader(format!(
            "Accept is {NPY}, which has one array; \"outputs\" are several"
        ))),
        _ => Ok(()),
    }
}

/// Checks what `tokens: true` can be combined with.
fn check_tokens(
    tokens: bool,
    precision: Precision,
    answer_format: AnswerFormat,
    inputs: usize,
) -> Result<(), ApiError> {
    let ranges = matches!(precision, Precision::Int8 | Precision::Uint8);
    if tokens && ranges {
        let message = format!(
            "{} needs ranges, and those of a calibration are of pooled rows; with \"tokens\", \
             float32, binary and ubinary are allowed",
            precision.name()
        );
        return Err(ApiError::unacceptable(ErrorCode::NotCalibrated, "/precision", message));
    }
    if tokens && answer_format == AnswerFormat::Npy && inputs > 1 {
        let message = format!(
            "Accept is {NPY}, which has one array; {inputs} inputs with \"tokens\" would be one each"
        );
        return Err(ApiError::InvalidHeader(message));
    }
    Ok(())
}
