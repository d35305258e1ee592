//! Health of the server and of its models.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ErrorBody;
use super::model_path::ModelPath;
use crate::http::error::ApiError;
use crate::http::models::{self, Entry};
use crate::http::routes::health::livez;
use crate::http::state::{AppState, Phase};

/// Whether the server is alive.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenInferenceLive)]
pub struct Live {
    /// Whether the process answers and no pass hangs.
    live: bool,
}

/// Whether the server is ready.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenInferenceReady)]
pub struct Ready {
    /// Whether each model that is required is loaded and computes.
    ready: bool,
}

/// Whether a model is ready.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenInferenceModelReady)]
pub struct ModelReady {
    /// The model's name.
    name: String,
    /// Whether it is loaded and computes.
    ready: bool,
}

/// Whether the process answers and no pass hangs.
pub async fn is_live(state: &AppState) -> bool {
    let (status, _) = livez(State(state.clone())).await;
    status.is_success()
}

/// Whether each model that is required is loaded and computes, and the server is not draining.
pub fn is_ready(state: &AppState) -> bool {
    state.phase() == Phase::Ready
}

/// Whether a model is loaded and computes, and the server is not draining.
pub fn is_model_ready(entry: &Entry, state: &AppState) -> bool {
    entry.phase() == models::Phase::Ready && state.phase() != Phase::Draining
}

fn status(ok: bool) -> StatusCode {
    if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// 200 as long as the process answers and no pass hangs.
#[utoipa::path(
    get, path = "/v2/health/live", operation_id = "open_inference_live", tag = "Open Inference Protocol",
    security(()),
    responses(
        (status = 200, body = Live, description = "The process answers."),
        (status = 503, body = Live, description = "A pass hangs, or a worker is dead."),
    ),
)]
pub async fn live(State(state): State<AppState>) -> (StatusCode, Json<Live>) {
    let live = is_live(&state).await;
    (status(live), Json(Live { live }))
}

/// 200 when each model that is required is loaded and computes, and the server is not draining.
#[utoipa::path(
    get, path = "/v2/health/ready", operation_id = "open_inference_ready", tag = "Open Inference Protocol",
    security(()),
    responses(
        (status = 200, body = Ready, description = "Ready."),
        (status = 503, body = Ready, description = "Starting, failing or draining."),
    ),
)]
pub async fn ready(State(state): State<AppState>) -> (StatusCode, Json<Ready>) {
    let ready = is_ready(&state);
    (status(ready), Json(Ready { ready }))
}

/// 200 when the model is loaded and computes, and the server is not draining.
#[utoipa::path(
    get, path = "/v2/models/{model}/ready", operation_id = "open_inference_model_ready",
    tag = "Open Inference Protocol",
    params(("model" = String, Path, description = "A name of a model.")),
    responses(
        (status = 200, body = ModelReady, description = "Ready."),
        (status = 401, body = ErrorBody, description = "No key."),
        (status = 404, body = ErrorBody, description = "There is no such model or version."),
        (status = 503, body = ModelReady, description = "Starting, failing or draining."),
    ),
)]
pub async fn model_ready(
    State(state): State<AppState>,
    path: ModelPath,
) -> Result<(StatusCode, Json<ModelReady>), ApiError> {
    let entry = path.entry(&state)?;
    let ready = is_model_ready(&entry, &state);
    let name = entry.announced.name.clone();
    Ok((status(ready), Json(ModelReady { name, ready })))
}
