//! The protocol's error object: one sentence.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::dialects::status::plain_status;
use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;

/// The body of an error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenInferenceError)]
pub struct ErrorBody {
    /// Where, what was found and what is allowed, and what to do.
    error: String,
}

/// The status and body of an error: 400 for what a request says wrongly.
pub fn error(error: &ApiError, _: &str) -> (StatusCode, Value) {
    (plain_status(error.code()), json!(ErrorBody { error: sentence(error) }))
}

/// Where, what was found and what is allowed, and what to do.
pub fn sentence(error: &ApiError) -> String {
    let place = error.pointer().and_then(|pointer| pointer.strip_prefix('/'));
    let place = place.map_or_else(String::new, |place| format!("{place}: "));
    format!("{place}{error}. {}", advice(error.code()))
}

/// What the client can do about it with the parameters that a request has.
fn advice(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidField => "The model's metadata lists inputs and outputs.",
        ErrorCode::NotFound => {
            "/openapi.yaml lists every route, and proto/open_inference.proto every method of gRPC."
        }
        ErrorCode::UnknownModel => "/info lists the models.",
        ErrorCode::TextTooLong => {
            "Send a shorter text, or the parameter long_text: \"truncate\", or, for texts without a \
             pair, \"window\"."
        }
        ErrorCode::DeadlineExceeded | ErrorCode::DeadlineTooShort => {
            "Send fewer texts, or a larger timeout or x-timeout-ms."
        }
        ErrorCode::PairsUnsupported => "Leave the input pair out.",
        ErrorCode::TooManyLayers => "Name fewer outputs.",
        ErrorCode::AnswerTooLarge => "Send fewer texts, or ask for fewer outputs or dimensions.",
        code => code.advice(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_a_sentence_with_place_and_advice() {
        let blank = ApiError::unacceptable(ErrorCode::BlankText, "/text/3", "the text is blank");
        let (status, body) = error(&blank, "");
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(body, json!({"error": "text/3: the text is blank. Leave blank texts out."}));
        let (status, body) = error(&ApiError::Starting, "");
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let said = "the model is still being loaded. Wait until /readyz answers 200.";
        assert_eq!(body, json!({"error": said}));
    }
}
