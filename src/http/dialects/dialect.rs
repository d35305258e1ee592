//! What a dialect consists of.

use axum::Router;
use axum::http::StatusCode;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::http::error::ApiError;
use crate::http::state::AppState;

/// A dialect: its routes, and how its clients read errors.
pub struct Dialect {
    /// The beginnings of the paths whose errors have its shape.
    pub paths: &'static [&'static str],
    /// Its routes.
    pub routes: fn() -> Router<AppState>,
    /// Their part of the OpenAPI contract.
    pub contract: fn() -> OpenApi,
    /// The status and body of an error; the text is the request's id.
    pub error: fn(&ApiError, &str) -> (StatusCode, Value),
}
