//! `POST /embed`: texts in, one vector an input out, read by any recipe.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::{ApiError, Problem};
use crate::http::extract::ApiJson;
use crate::http::inputs;
use crate::http::pipeline::{self, Outcome};
use crate::http::reply::reply;
use crate::http::state::{AppState, Service};
use crate::http::wire::{EmbedRequest, Embedding, Encoding, Usage, Vector};
use crate::model::output::Output;
use crate::model::recipe::{RecipeRef, ResolvedRecipe, check_dimensions};
use crate::model::recipe_book::{NATIVE, RecipeError};
use crate::model::task::{OutputSpec, TaskSpec};
use crate::text::Input;

/// Bytes of a number in JSON, sign, point, exponent and comma included, at the most usual.
pub const FLOAT_BYTES: usize = 13;

/// The answer of `POST /embed`.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmbedResponse {
    /// The model's name.
    pub model: String,
    /// The recipe, with layers counted from 0 and its width.
    pub recipe: ResolvedRecipe,
    /// Columns of each row.
    pub dimensions: usize,
    /// One an input, in order.
    pub embeddings: Vec<Embedding>,
    /// Tokens, and which inputs were cut.
    pub usage: Usage,
}

/// Embeds texts.
#[utoipa::path(
    post, path = "/embed", tag = "inference", request_body = EmbedRequest,
    responses(
        (status = 200, body = EmbedResponse, description = "One embedding an input, in order."),
        (status = "4XX", body = Problem, content_type = "application/problem+json",
         description = "400, 408, 413, 415, 422, 429, 431: nothing was computed."),
        (status = "5XX", body = Problem, content_type = "application/problem+json",
         description = "500, 503, 504."),
    ),
    params(
        ("x-timeout-ms" = Option<u64>, Header, description = "Milliseconds until the answer is of no more use."),
        ("x-request-id" = Option<String>, Header, description = "Comes back in the answer and the log."),
    )
)]
pub async fn embed(
    State(state): State<AppState>,
    ApiJson { value: request, deadline, admitted }: ApiJson<EmbedRequest>,
) -> Result<Response, ApiError> {
    let service = state.service()?;
    let wanted = request.recipe.unwrap_or_else(|| RecipeRef::Name(service.default_recipe.clone()));
    let recipe = resolve(service, &wanted, request.dimensions, "/recipe")?;
    let native = matches!(&wanted, RecipeRef::Name(name) if name == NATIVE);
    let prompt = inputs::prompt(service, request.prompt, request.prompt_name.as_deref(), native)?;
    let inputs = inputs::inputs(service, request.inputs, &prompt)?;
    let output = if request.tokens { OutputSpec::Tokens } else { OutputSpec::Embedding };
    let spec = TaskSpec::new(vec![output(Arc::clone(&recipe))]);
    pipeline::check_layers(service, &spec, "/recipe/layers")?;
    let width = if request.tokens {
        recipe.token_width(service.recipes.shape().hidden)
    } else {
        recipe.dimensions
    };
    let rows = |tokens: usize| if request.tokens { tokens } else { 1 };
    let bytes = |_: &Input, tokens: usize| rows(tokens) * vector_bytes(width, request.encoding);
    let outcome = pipeline::run(service, inputs, spec, request.long_text, deadline, bytes).await?;
    let Outcome { outputs, usage, timings, .. } = outcome;
    let numbers = outputs.iter().map(Output::number_count).sum();
    let embeddings = outputs.into_iter().flat_map(|output| output.values).map(|row| {
        if request.tokens {
            let rows = row.chunks_exact(width);
            Embedding::Tokens(rows.map(|row| vector(row.to_vec(), request.encoding)).collect())
        } else {
            Embedding::Pooled(vector(row, request.encoding))
        }
    });
    let answer = EmbedResponse {
        model: service.model.name.clone(),
        dimensions: width,
        embeddings: embeddings.collect(),
        recipe: Arc::unwrap_or_clone(recipe),
        usage,
    };
    let response = reply(answer, numbers, timings).await;
    drop(admitted);
    response
}

/// Resolves a recipe, cut to `dimensions` if the request says so beside it.
///
/// # Errors
/// No such recipe, or it doesn't fit the model; `pointer` is where the request names it.
pub fn resolve(
    service: &Service,
    recipe: &RecipeRef,
    dimensions: Option<usize>,
    pointer: &str,
) -> Result<Arc<ResolvedRecipe>, ApiError> {
    let resolved = service.recipes.resolve(recipe).map_err(|error| match error {
        RecipeError::Unknown { .. } => {
            ApiError::unacceptable("unknown_recipe", pointer, error.to_string())
        }
        RecipeError::Invalid(invalid) => {
            let code =
                if invalid.field == "dimensions" { "invalid_dimensions" } else { "invalid_recipe" };
            ApiError::unacceptable(code, format!("{pointer}/{}", invalid.field), invalid.message)
        }
    })?;
    if dimensions.is_none() {
        return Ok(resolved);
    }
    let kept = check_dimensions(dimensions, resolved.dimensions).map_err(|error| {
        ApiError::unacceptable("invalid_dimensions", "/dimensions", error.message)
    })?;
    Ok(Arc::new(ResolvedRecipe { dimensions: kept, ..Arc::unwrap_or_clone(resolved) }))
}

/// About how many bytes a row takes in the answer.
pub fn vector_bytes(width: usize, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Float => width * FLOAT_BYTES,
        Encoding::Base64 => (width * size_of::<f32>()).div_ceil(3) * 4,
    }
}

/// A row as the client wants it written.
pub fn vector(row: Vec<f32>, encoding: Encoding) -> Vector {
    match encoding {
        Encoding::Float => Vector::Float(row),
        Encoding::Base64 => {
            let bytes: Vec<u8> = row.iter().flat_map(|number| number.to_le_bytes()).collect();
            Vector::Base64(STANDARD.encode(bytes))
        }
    }
}
