//! `grpc.health.v1.Health`, the standard health service.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/health-checking.md>

use axum::extract::State;
use axum::response::Response;

use super::answer_body::small;
use super::call::Small;
use super::protocol::health::health_check_response::ServingStatus;
use super::protocol::health::{HealthCheckRequest, HealthCheckResponse};
use crate::http::dialects::open_inference::health;
use crate::http::error::ApiError;
use crate::http::models::Wanted;
use crate::http::state::AppState;

/// The names of what the server is as a whole.
const SERVER: [&str; 3] = ["", "inference.GRPCInferenceService", "grpc.health.v1.Health"];

/// `Check`
pub async fn check(
    State(state): State<AppState>,
    Small(asked): Small<HealthCheckRequest>,
) -> Result<Response, ApiError> {
    small(&answer(status(&state, &asked.service)?))
}

/// What a service does: the server as a whole, or a model by its name.
///
/// # Errors
/// There is no such service.
pub fn status(state: &AppState, service: &str) -> Result<ServingStatus, ApiError> {
    let ready = if SERVER.contains(&service) {
        health::is_ready(state)
    } else {
        let entry = state.models().find(Wanted::Named { name: service, pointer: "" })?;
        health::is_model_ready(&entry, state)
    };
    Ok(if ready { ServingStatus::Serving } else { ServingStatus::NotServing })
}

/// The message that says so.
pub fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}
