//! `GET /health`, `/readyz` and `/livez`, for an orchestrator. They never wait for inference.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::state::{AppState, Phase};

/// The answer of `GET /health` and `GET /readyz`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `starting`, `ready`, `failing` or `draining`.
    pub state: String,
    /// The model's name, once it is loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Seconds since the process began to listen.
    pub uptime_seconds: f64,
}

/// State, model and uptime: 200 while ready, else 503.
#[utoipa::path(get, path = "/health", tag = "health", security(()), responses(
    (status = 200, body = Health, description = "Ready."),
    (status = 503, body = Health, description = "Starting, failing or draining."),
))]
pub async fn health(State(state): State<AppState>) -> (StatusCode, Json<Health>) {
    let phase = state.phase();
    let status = match phase {
        Phase::Ready => StatusCode::OK,
        Phase::Starting | Phase::Failing | Phase::Draining => StatusCode::SERVICE_UNAVAILABLE,
    };
    let name = match phase {
        Phase::Starting => "starting",
        Phase::Ready => "ready",
        Phase::Failing => "failing",
        Phase::Draining => "draining",
    };
    let health = Health {
        state: name.to_owned(),
        model: state.service().ok().map(|service| service.model.name.clone()),
        uptime_seconds: state.uptime().as_secs_f64(),
    };
    (status, Json(health))
}

/// 200 when the model is loaded, a real pass has succeeded, and the server is not draining or
/// failing.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), responses(
    (status = 200, body = Health, description = "Ready."),
    (status = 503, body = Health, description = "Starting, failing or draining."),
))]
pub async fn readyz(state: State<AppState>) -> (StatusCode, Json<Health>) {
    health(state).await
}

/// 200 as long as the process answers and no pass hangs.
#[utoipa::path(get, path = "/livez", tag = "health", security(()), responses(
    (status = 200, body = String, description = "The process answers.", content_type = "text/plain"),
    (status = 503, body = String, content_type = "text/plain",
     description = "A pass has been running for longer than batching.longest_pass_ms, or the worker is dead: restart the process."),
))]
pub async fn livez(State(state): State<AppState>) -> (StatusCode, &'static str) {
    let Ok(service) = state.service() else {
        return (StatusCode::OK, "ok\n");
    };
    let status = service.batcher.status();
    if status.hung {
        (StatusCode::SERVICE_UNAVAILABLE, "a pass hangs\n")
    } else if !status.alive && state.phase() != Phase::Draining {
        (StatusCode::SERVICE_UNAVAILABLE, "the worker is dead\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}
