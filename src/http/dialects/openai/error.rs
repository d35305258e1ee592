//! OpenAI's error object.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::dialects::status::plain_status;
use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;

/// The body of an error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiErrorBody)]
pub struct ErrorBody {
    /// The error.
    error: ErrorObject,
}

/// An error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiError)]
struct ErrorObject {
    /// What was found and what is allowed, and what to do.
    message: String,
    /// The kind of error.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The field at fault, such as `input[3]`.
    param: Option<String>,
    /// OpenAI's code where it has one, or else Strata's.
    code: &'static str,
    /// The id of the request.
    request_id: String,
}

/// The status and body of an error. OpenAI has 400 for what a request says wrongly.
pub fn error(error: &ApiError, request_id: &str) -> (StatusCode, Value) {
    let code = error.code();
    let status = plain_status(code);
    let (kind, name) = match code {
        ErrorCode::UnknownModel => ("invalid_request_error", "model_not_found"),
        ErrorCode::TextTooLong => ("invalid_request_error", "context_length_exceeded"),
        ErrorCode::Unauthorized => ("invalid_request_error", "invalid_api_key"),
        ErrorCode::QueueFull | ErrorCode::RateLimited => {
            ("rate_limit_error", "rate_limit_exceeded")
        }
        code if status.is_server_error() => ("server_error", code.as_str()),
        code => ("invalid_request_error", code.as_str()),
    };
    let error = ErrorObject {
        message: format!("{error}. {}", advice(code)),
        kind,
        param: error.pointer().filter(|pointer| !pointer.is_empty()).map(param),
        code: name,
        request_id: request_id.to_owned(),
    };
    (status, json!(ErrorBody { error }))
}

/// What the client can do about it with the fields that these routes have.
fn advice(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::TextTooLong => "Send a shorter text, or \"truncate\": true.",
        ErrorCode::UnknownModel => "/v1/models lists the names.",
        code => code.advice(),
    }
}

/// A JSON pointer as OpenAI writes a place: `/input/3` is `input[3]`.
fn param(pointer: &str) -> String {
    let mut param = String::new();
    for part in pointer.split('/').skip(1) {
        match part.parse::<usize>() {
            Ok(index) => param.push_str(&format!("[{index}]")),
            Err(_) if param.is_empty() => param.push_str(part),
            Err(_) => param.push_str(&format!(".{part}")),
        }
    }
    param
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_openai_writes_them() {
        assert_eq!(param("/input"), "input");
        assert_eq!(param("/input/3"), "input[3]");
        assert_eq!(param("/input/3/1"), "input[3][1]");
        assert_eq!(param("/a/b"), "a.b");
    }
}
