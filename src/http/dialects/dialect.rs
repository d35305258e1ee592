//! What a dialect consists of.

use axum::Router;
#[cfg(feature = "grpc")]
use axum::http::HeaderMap;
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
    /// The shape of its errors.
    pub error: ErrorShape,
}

/// How a dialect's clients read an error.
#[derive(Clone, Copy)]
pub enum ErrorShape {
    /// In JSON, with a status. The text is the request's id.
    Json(fn(&ApiError, &str) -> (StatusCode, Value)),
    /// In the headers of an answer without a body, whose status is 200.
    #[cfg(feature = "grpc")]
    Headers(fn(&ApiError) -> HeaderMap),
}
