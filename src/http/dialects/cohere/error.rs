//! The errors of Cohere and Jina.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::dialects::status::plain_status;
use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;

/// The body of an error. The same sentence is there for the clients of each service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CohereError)]
pub struct ErrorBody {
    /// The id of the request.
    id: String,
    /// What was found and what is allowed, and what to do: for Cohere's clients.
    message: String,
    /// For Jina's.
    detail: String,
    /// For those of text-embeddings-inference, which may call `/rerank`.
    error: String,
    /// Strata's code.
    code: &'static str,
    /// JSON pointer to the field at fault.
    pointer: Option<String>,
}

/// The status and body of an error. 400 is for what a request says wrongly.
pub fn error(error: &ApiError, request_id: &str) -> (StatusCode, Value) {
    let code = error.code();
    let status = plain_status(code);
    let message = format!("{error}. {}", advice(code));
    let body = ErrorBody {
        id: request_id.to_owned(),
        message: message.clone(),
        detail: message.clone(),
        error: message,
        code: code.as_str(),
        pointer: error.pointer().map(str::to_owned),
    };
    (status, json!(body))
}

/// What the client can do about it with the fields that these routes have.
fn advice(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::TextTooLong => "Send a shorter text, or \"truncate\": \"END\" or \"START\".",
        code => code.advice(),
    }
}
