//! `GET /metrics`, for Prometheus. Never waits for inference.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::http::error::ApiError;
use crate::http::problem::ProblemDetails;
use crate::http::state::AppState;
use crate::telemetry::metrics::CONTENT_TYPE;

/// Counters, gauges and histograms of the server and its process, in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "health", responses(
    (status = 200, body = String, description = "One line per metric and labels.", content_type = "text/plain"),
    (status = 401, body = ProblemDetails, content_type = "application/problem+json", description = "No key."),
))]
pub async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, ApiError> {
    let text = state.metrics().encode().map_err(ApiError::internal)?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text))
}
