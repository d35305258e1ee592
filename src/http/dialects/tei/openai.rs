//! `/embeddings` and `/v1/embeddings`: OpenAI's route, for a model of any name.

use axum::extract::State;
use axum::response::Response;

use crate::http::dialects::openai::{Defaults, EmbeddingsRequest};
use crate::http::error::ApiError;
use crate::http::extract::ApiJson;
use crate::http::state::AppState;

/// Embeds texts. The name of the model means nothing, as in text-embeddings-inference, whose clients
/// send any.
pub async fn embeddings(
    State(state): State<AppState>,
    ApiJson { value: request, caller }: ApiJson<EmbeddingsRequest>,
) -> Result<Response, ApiError> {
    let service = state.service()?;
    let model = service.model.name.clone();
    let defaults = Defaults { model, truncate: service.tei.truncate, normalize: Some(true) };
    request.answer(&state, caller, defaults).await
}
