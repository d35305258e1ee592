//! `GET /health`, `/readyz` and `/livez`, for an orchestrator. They never wait for inference.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::models::{Entry, Wanted};
use crate::http::state::{AppState, Phase};

/// The answer of `GET /health` and `GET /readyz`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `starting`, `ready`, `failing` or `draining`.
    pub state: String,
    /// The first model's name, once it is loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// All models, in their order.
    pub models: Vec<ModelState>,
    /// Seconds since the process began to listen.
    pub uptime_seconds: f64,
}

/// What one model does.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelState {
    /// Its name.
    pub name: String,
    /// `loading`, `ready` or `failing`.
    pub state: &'static str,
    /// Whether the server is ready only if this model is.
    pub required: bool,
}

impl ModelState {
    /// What a model does now.
    pub fn new(entry: &Entry) -> Self {
        let (name, required) = (entry.announced.name.clone(), entry.announced.required);
        Self { name, state: entry.phase().name(), required }
    }
}

/// State, models and uptime: 200 while ready, else 503.
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
    let first = state.models().choose(Wanted::First).ok();
    let health = Health {
        state: name.to_owned(),
        model: first.map(|service| service.model.name.clone()),
        models: state.models().all().iter().map(ModelState::new).collect(),
        uptime_seconds: state.uptime().as_secs_f64(),
    };
    (status, Json(health))
}

/// 200 when each model that is required is loaded and computes, and the server is not draining.
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
    let statuses: Vec<_> =
        state.services().iter().map(|service| service.batcher.status()).collect();
    if statuses.iter().any(|status| status.hung) {
        (StatusCode::SERVICE_UNAVAILABLE, "a pass hangs\n")
    } else if statuses.iter().any(|status| !status.alive) && state.phase() != Phase::Draining {
        (StatusCode::SERVICE_UNAVAILABLE, "the worker is dead\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}
