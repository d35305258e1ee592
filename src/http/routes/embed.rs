//! `POST /embed`: texts in, one embedding per input out, by any recipe.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::extract::ApiJson;
use crate::http::inputs;
use crate::http::pipeline::{self, AnswerSize, Outcome};
use crate::http::problem::ProblemDetails;
use crate::http::recipe::resolve;
use crate::http::reply::Reply;
use crate::http::state::AppState;
use crate::http::vectors::{Embedding, Encoding, Vector};
use crate::http::wire::{Usage, WireInputs, WireLongText};
use crate::model::output::Output;
use crate::model::recipe::{RecipeRef, ResolvedRecipe};
use crate::model::recipe_book::NATIVE;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::text::Input;

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
    /// How many of the first columns to keep, before normalisation.
    #[serde(default)]
    pub dimensions: Option<usize>,
    /// How vectors are written.
    #[serde(default)]
    pub encoding: Option<Encoding>,
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

/// Embeds texts.
#[utoipa::path(
    post, path = "/embed", tag = "inference", request_body = EmbedRequest,
    responses(
        (status = 200, body = EmbedResponse, description = "One embedding per input, in order."),
        (status = "4XX", body = ProblemDetails, content_type = "application/problem+json",
         description = "400, 408, 413, 415, 422, 429, 431: nothing was computed."),
        (status = "5XX", body = ProblemDetails, content_type = "application/problem+json",
         description = "500, 503, 504."),
    ),
    params(
        ("x-timeout-ms" = Option<u64>, Header, description = "Milliseconds after which the answer is of no use."),
        ("x-request-id" = Option<String>, Header, description = "An id that is repeated in the answer and in the log."),
    )
)]
pub async fn embed(
    State(state): State<AppState>,
    ApiJson { value: request, mut caller }: ApiJson<EmbedRequest>,
) -> Result<Response, ApiError> {
    let service = state.service()?;
    let wanted = request.recipe.unwrap_or_else(|| RecipeRef::Name(service.default_recipe.clone()));
    let recipe = resolve(service, &wanted, request.dimensions, "/recipe")?;
    let native = matches!(&wanted, RecipeRef::Name(name) if name == NATIVE);
    let prompt = inputs::choose_prompt(service, request.prompt, request.prompt_name, native)?;
    let inputs = inputs::check_all(&state, request.inputs, &prompt, &mut caller.memory)?;
    let (tokens, encoding) = (request.tokens == Some(true), request.encoding.unwrap_or_default());
    let output = if tokens { OutputSpec::Tokens } else { OutputSpec::Embedding };
    let spec = TaskSpec::new(vec![output(Arc::clone(&recipe))]);
    pipeline::check_layers(service, &spec, "/recipe/layers")?;
    let width =
        if tokens { recipe.token_width(service.recipes.shape().hidden) } else { recipe.dimensions };
    let size = |_: &Input, counted: usize| {
        let rows = if tokens { counted } else { 1 };
        AnswerSize { numbers: rows * width, bytes: rows * encoding.vector_bytes(width) }
    };
    let (deadline, long_text) = (caller.deadline, request.long_text.unwrap_or_default());
    let outcome = pipeline::run(service, inputs, spec, long_text, caller, size).await?;
    let Outcome { outputs, usage, timings, answer_memory, .. } = outcome;
    let numbers = outputs.iter().map(Output::number_count).sum();
    let model = service.model.name.clone();
    let reply = Reply { numbers, deadline, memory: answer_memory, timings };
    let answer = move || {
        let embeddings = outputs.into_iter().flat_map(|output| output.values).map(|row| {
            if tokens {
                let rows = row.chunks_exact(width);
                let vector = |row: &[f32]| Vector::new(row.to_vec(), encoding);
                Embedding::Tokens(rows.map(vector).collect())
            } else {
                Embedding::Pooled(Vector::new(row, encoding))
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
    reply.write(&service.text_pool, answer).await
}
