//! The errors of Cohere and Jina.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;

/// The status and body of an error: a message as Cohere has it, a detail as Jina has it, and an error for
/// clients of text-embeddings-inference at `/rerank`. 400 is for what a request says wrongly.
pub fn error(error: &ApiError, request_id: &str) -> (StatusCode, Value) {
    let code = error.code();
    let status = match code {
        ErrorCode::UnknownModel => StatusCode::NOT_FOUND,
        ErrorCode::NotCalibrated => code.status(),
        _ if code.status() == StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        _ => code.status(),
    };
    let message = format!("{error}. {}", code.advice());
    let body = json!({
        "id": request_id,
        "message": message,
        "detail": message,
        "error": message,
        "code": code.as_str(),
        "pointer": error.pointer(),
    });
    (status, body)
}
