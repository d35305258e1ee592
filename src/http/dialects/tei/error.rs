//! text-embeddings-inference's error: a sentence and a type that goes with the status.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;

/// The body of an error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiError)]
pub struct ErrorBody {
    /// What was found and what is allowed, and where.
    pub error: String,
    /// The kind of error.
    pub error_type: ErrorType,
}

/// The kind of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TeiErrorType)]
pub enum ErrorType {
    /// The server is starting, failing or stopping: 503.
    Unhealthy,
    /// The model can't compute it, or failed: 424, or 504 after the deadline.
    Backend,
    /// Too much waits: 429.
    Overloaded,
    /// The request can't be served as it is: 413, 422, or the status of a request that can't be read.
    Validation,
    /// A text or tokens can't be used: 422.
    Tokenizer,
    /// A list is empty: 400.
    Empty,
}

/// The status and body of an error.
pub fn error(error: &ApiError, _: &str) -> (StatusCode, Value) {
    let (status, error_type) = kind(error.code());
    (status, json!(ErrorBody { error: sentence(error), error_type }))
}

/// The status and body of an error of the OpenAI route.
pub fn openai_error(error: &ApiError, _: &str) -> (StatusCode, Value) {
    let (status, error_type) = kind(error.code());
    let message = sentence(error);
    (status, json!({"message": message, "code": status.as_u16(), "type": error_type}))
}

fn sentence(error: &ApiError) -> String {
    let code = error.code();
    let place = error.pointer().filter(|pointer| !pointer.is_empty());
    let place = place.map_or_else(String::new, |pointer| format!("{pointer}: "));
    format!("{place}{error}. {}", advice(code))
}

/// What the client can do about it with the fields that these routes have.
fn advice(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::TextTooLong => "Send a shorter text, or \"truncate\": true.",
        ErrorCode::UnknownPrompt => "/info, without /tei in front, lists the prompts.",
        ErrorCode::NoHeads | ErrorCode::UnknownHead => {
            "/info, without /tei in front, lists the heads."
        }
        ErrorCode::InvalidDimensions => "Leave it out to get all columns.",
        ErrorCode::AnswerTooLarge => "Send fewer inputs, or ask for fewer dimensions.",
        code => code.advice(),
    }
}

/// A request that can be read and not be served has 413, whatever is wrong with it.
fn kind(code: ErrorCode) -> (StatusCode, ErrorType) {
    match code {
        ErrorCode::EmptyInputs => (StatusCode::BAD_REQUEST, ErrorType::Empty),
        ErrorCode::InvalidField => (StatusCode::UNPROCESSABLE_ENTITY, ErrorType::Validation),
        ErrorCode::NoTokens | ErrorCode::TokenIdsUnsupported | ErrorCode::UnknownToken => {
            (StatusCode::UNPROCESSABLE_ENTITY, ErrorType::Tokenizer)
        }
        ErrorCode::Internal
        | ErrorCode::NoHeads
        | ErrorCode::PairsUnsupported
        | ErrorCode::SparseUnsupported
        | ErrorCode::UnknownHead => (StatusCode::FAILED_DEPENDENCY, ErrorType::Backend),
        ErrorCode::DeadlineExceeded | ErrorCode::DeadlineTooShort => {
            (code.status(), ErrorType::Backend)
        }
        ErrorCode::QueueFull | ErrorCode::RateLimited => (code.status(), ErrorType::Overloaded),
        ErrorCode::Starting | ErrorCode::ModelBroken | ErrorCode::Draining => {
            (code.status(), ErrorType::Unhealthy)
        }
        _ if code.status() == StatusCode::UNPROCESSABLE_ENTITY => {
            (StatusCode::PAYLOAD_TOO_LARGE, ErrorType::Validation)
        }
        _ => (code.status(), ErrorType::Validation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_goes_with_each_type() {
        for &code in ErrorCode::ALL {
            let (status, kind) = kind(code);
            let allowed: &[u16] = match kind {
                ErrorType::Unhealthy => &[503],
                ErrorType::Backend => &[424, 504],
                ErrorType::Overloaded => &[429],
                ErrorType::Validation => &[400, 401, 404, 405, 408, 413, 414, 415, 422, 431],
                ErrorType::Tokenizer => &[422],
                ErrorType::Empty => &[400],
            };
            assert!(allowed.contains(&status.as_u16()), "{code:?}: {status}");
        }
    }

    #[test]
    fn the_sentence_has_the_place_and_the_advice() {
        let too_long = ApiError::unacceptable(ErrorCode::TextTooLong, "/inputs/1", "too long");
        let (_, body) = error(&too_long, "");
        let said = "/inputs/1: too long. Send a shorter text, or \"truncate\": true.";
        assert_eq!(body, json!({"error": said, "error_type": "Validation"}));
        let (_, body) = openai_error(&ApiError::Starting, "");
        assert_eq!((&body["code"], &body["type"]), (&json!(503), &json!("Unhealthy")));
    }
}
