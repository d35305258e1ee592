//! `POST /v1/embeddings`: rows by the recipe `native`.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::input::OpenAiInput;
use crate::http::caller::Caller;
use crate::http::embedding::{Embedded, EmbeddingRequest};
use crate::http::error::ApiError;
use crate::http::extract::ApiJson;
use crate::http::inputs;
use crate::http::model_name;
use crate::http::recipe::resolve;
use crate::http::state::AppState;
use crate::http::tokenizing::LongInput;
use crate::http::vectors::{Encoding, Vector, VectorFormat};
use crate::model::recipe::RecipeRef;
use crate::model::recipe_book::NATIVE;

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingsRequest {
    input: OpenAiInput,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    encoding_format: Option<Encoding>,
    #[serde(default)]
    dimensions: Option<usize>,
    /// For OpenAI's own statistics.
    #[serde(default, rename = "user")]
    _user: Option<String>,
}

/// The body of an answer.
#[derive(Debug, Serialize)]
struct EmbeddingsAnswer {
    object: &'static str,
    data: Vec<Item>,
    model: String,
    usage: Usage,
}

#[derive(Debug, Serialize)]
struct Item {
    object: &'static str,
    index: usize,
    embedding: Vector,
}

#[derive(Debug, Serialize)]
struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
}

/// Embeds texts.
pub async fn embeddings(
    State(state): State<AppState>,
    ApiJson { value: request, caller }: ApiJson<EmbeddingsRequest>,
) -> Result<Response, ApiError> {
    let service = state.service()?;
    let Some(model) = request.model.clone() else {
        let message = "missing field `model`".to_owned();
        return Err(ApiError::InvalidField { pointer: String::new(), message });
    };
    model_name::check(service, &model, "/model")?;
    let long_text = match service.openai.truncate {
        true => LongInput::Truncate(None),
        false => LongInput::Error,
    };
    request.answer(&state, caller, long_text, model).await
}

impl EmbeddingsRequest {
    /// Embeds the texts; the answer has `model` as the model's name.
    ///
    /// # Errors
    /// The input can't be used, or like [`EmbeddingRequest::compute`].
    pub async fn answer(
        self,
        state: &AppState,
        mut caller: Caller,
        long_text: LongInput,
        model: String,
    ) -> Result<Response, ApiError> {
        let service = state.service()?;
        let texts = self.input.into_texts("/input")?;
        let native = RecipeRef::Name(NATIVE.to_owned());
        let recipe = resolve(service, &native, self.dimensions, "/dimensions")?;
        let prompt = inputs::choose_prompt(service, None, None, true)?;
        let inputs = inputs::check_all(state, "/input", texts, &prompt, &mut caller.memory)?;
        let format = VectorFormat::float32(self.encoding_format.unwrap_or_default());
        let texts = EmbeddingRequest {
            inputs,
            row_bytes: format.json_bytes(recipe.dimensions),
            recipe,
            tokens: false,
            long_text,
        };
        let answer = texts.compute(service, caller, "/model").await?;
        let write = move |Embedded { rows, usage }| {
            let item =
                |(index, row)| Item { object: "embedding", index, embedding: format.vector(row) };
            EmbeddingsAnswer {
                object: "list",
                data: rows.into_iter().enumerate().map(item).collect(),
                model,
                usage: Usage { prompt_tokens: usage.tokens, total_tokens: usage.tokens },
            }
        };
        answer.write(&service.text_pool, write).await
    }
}
