//! Every way to fail, and the one table that says which status, code and advice each has.
//!
//! A handler returns an [`ApiError`]; `middleware` writes the problem details (RFC 9457), since only
//! there the request's id is known.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::batching::{Failed, SubmitError};
use crate::telemetry::chain::Chain;

/// Why a request has no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApiError {
    /// The body isn't JSON, or not UTF-8.
    #[error("{0}")]
    InvalidJson(String),
    /// A field of the wrong type, unknown or absent.
    #[error("{message}")]
    InvalidField {
        /// JSON pointer.
        pointer: String,
        /// What was found and what is allowed.
        message: String,
    },
    /// A header that can't be read.
    #[error("{0}")]
    InvalidHeader(String),
    /// No such route.
    #[error("there is nothing at this address")]
    NotFound,
    /// The route is there, for other methods.
    #[error("this address doesn't take this method")]
    MethodNotAllowed,
    /// The body took too long to come.
    #[error("the body did not arrive within {} ms", .0.as_millis())]
    RequestTimeout(Duration),
    /// More bytes than are allowed.
    #[error("the body has more than the {0} bytes that are allowed")]
    BodyTooLarge(usize),
    /// Not announced as JSON.
    #[error("the body's content type is {0}; only application/json is read")]
    UnsupportedMediaType(String),
    /// Headers of more bytes than are allowed.
    #[error("the headers have more than the {0} bytes that are allowed")]
    HeadersTooLarge(usize),
    /// Well formed but not acceptable: see its code.
    #[error("{message}")]
    Unacceptable {
        /// Stable, for programs.
        code: &'static str,
        /// JSON pointer.
        pointer: String,
        /// What was found and what is allowed.
        message: String,
    },
    /// Too much waits already.
    #[error("too much waits already; try again in {} s", .retry_after.as_secs())]
    QueueFull {
        /// When there should be room.
        retry_after: Duration,
    },
    /// The model isn't loaded yet.
    #[error("the model is still being loaded")]
    Starting,
    /// The server is stopping.
    #[error("the server is stopping")]
    Draining,
    /// The deadline came first.
    #[error("the request's deadline passed before it was computed")]
    DeadlineExceeded,
    /// The server's fault. The client gets a fixed sentence; the cause goes to the log, under the
    /// request's id. It must not quote an input.
    #[error("the server failed to compute this answer; its log has the cause under the request id")]
    Internal(#[source] Arc<dyn Error + Send + Sync>),
}

/// Problem details, RFC 9457.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:strata:problem:` and the code.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable, for programs.
    pub code: String,
    /// What was found and what is allowed.
    pub detail: String,
    /// Where in the body the mistake is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What to do about it.
    pub advice: String,
    /// As in the header `x-request-id`.
    pub request_id: String,
}

impl ApiError {
    /// Well formed but not acceptable.
    pub fn unacceptable(
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::Unacceptable { code, pointer: pointer.into(), message: message.into() }
    }

    /// The server's fault, with the cause for the log, which must not quote an input.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(cause.into()))
    }

    /// The cause of a failure of the server, with its sources, for the log.
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::Internal(cause) => Some(Chain(&**cause).to_string()),
            _ => None,
        }
    }

    /// Status, stable code, and what to do: the only such table.
    pub fn row(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::InvalidJson(_) => {
                (S::BAD_REQUEST, "invalid_json", "Send one JSON object in UTF-8.")
            }
            Self::InvalidField { .. } => {
                (S::BAD_REQUEST, "invalid_field", "Compare the field with /openapi.yaml.")
            }
            Self::InvalidHeader(_) => {
                (S::BAD_REQUEST, "invalid_header", "Correct the header or leave it out.")
            }
            Self::NotFound => (S::NOT_FOUND, "not_found", "/openapi.yaml lists every address."),
            Self::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method_not_allowed", "The header Allow lists the methods.")
            }
            Self::RequestTimeout(_) => {
                (S::REQUEST_TIMEOUT, "request_timeout", "Send the body without pauses.")
            }
            Self::BodyTooLarge(_) => {
                (S::PAYLOAD_TOO_LARGE, "body_too_large", "Send the inputs in several requests.")
            }
            Self::UnsupportedMediaType(_) => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Add the header: with curl, -H 'content-type: application/json'.",
            ),
            Self::HeadersTooLarge(_) => {
                (S::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "Send fewer headers.")
            }
            Self::Unacceptable { code, .. } => (S::UNPROCESSABLE_ENTITY, code, advice_for(code)),
            Self::QueueFull { .. } => {
                (S::TOO_MANY_REQUESTS, "queue_full", "Wait as long as Retry-After says.")
            }
            Self::Starting => (S::SERVICE_UNAVAILABLE, "starting", "Wait until /readyz says 200."),
            Self::Draining => {
                (S::SERVICE_UNAVAILABLE, "draining", "Send the request to another instance.")
            }
            Self::DeadlineExceeded => (
                S::GATEWAY_TIMEOUT,
                "deadline_exceeded",
                "Send fewer inputs, or a larger x-timeout-ms.",
            ),
            Self::Internal(_) => (
                S::INTERNAL_SERVER_ERROR,
                "internal",
                "Try again; if it stays, report the request id.",
            ),
        }
    }

    /// What `Retry-After` should say, in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::QueueFull { retry_after } => Some(retry_after.as_secs().max(1)),
            Self::Starting | Self::Draining => Some(1),
            _ => None,
        }
    }

    /// The body, for a request of that id.
    pub fn problem(&self, request_id: &str) -> Problem {
        let (status, code, advice) = self.row();
        let pointer = match self {
            Self::InvalidField { pointer, .. } | Self::Unacceptable { pointer, .. } => {
                Some(pointer.clone())
            }
            _ => None,
        };
        Problem {
            r#type: format!("urn:strata:problem:{code}"),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: self.to_string(),
            pointer,
            advice: advice.to_owned(),
            request_id: request_id.to_owned(),
        }
    }
}

fn advice_for(code: &str) -> &'static str {
    match code {
        "empty_inputs" => "Send at least one text.",
        "blank_text" => "Leave blank texts out.",
        "text_too_large" => "Send a shorter text, or its parts as inputs of their own.",
        "text_too_long" => {
            "Send a shorter text, or \"long_text\": \"truncate\", or, for a text alone, \"window\"."
        }
        "not_explainable" => "Leave \"explain\" out, or name the heads that can be explained.",
        "too_many_inputs" => "Send the inputs in several requests.",
        "unknown_recipe" | "invalid_recipe" | "invalid_dimensions" => {
            "/info lists the recipes and the model's layers."
        }
        "too_many_layers" => "Name fewer layers, recipes or heads.",
        "unknown_head" | "no_heads" => "/info lists the heads.",
        "unknown_prompt" => "/info lists the prompts; \"prompt\" takes any text.",
        "conflicting_prompts" => "Send either \"prompt\" or \"prompt_name\".",
        "pairs_unsupported" => "Send each text as an input of its own.",
        "invalid_top_k" => "Send 1 or more, or leave it out.",
        "answer_too_large" => "Send fewer inputs, ask for fewer dimensions, or for base64.",
        _ => "Compare the request with /openapi.yaml.",
    }
}

impl IntoResponse for ApiError {
    /// The status alone, with the error beside it for `middleware` to write.
    fn into_response(self) -> Response {
        let (status, ..) = self.row();
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Full { retry_after, .. } => Self::QueueFull { retry_after },
            SubmitError::Closed => Self::Draining,
        }
    }
}

impl From<Failed> for ApiError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Deadline => Self::DeadlineExceeded,
            Failed::Engine { .. } => Self::internal(failed),
            Failed::Stopped => Self::Draining,
        }
    }
}
