//! Health of the server and of its models.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ErrorBody;
use super::model_path::ModelPath;
use crate::http::error::ApiError;
use crate::http::models;
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
pub async fn live(state: State<AppState>) -> (StatusCode, Json<Live>) {
    let (status, _) = livez(state).await;
    (status, Json(Live { live: status.is_success() }))
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
    let ready = state.phase() == Phase::Ready;
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
    let ready = entry.phase() == models::Phase::Ready && state.phase() != Phase::Draining;
    let name = entry.announced.name.clone();
    Ok((status(ready), Json(ModelReady { name, ready })))
}
