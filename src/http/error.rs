//! Why a request has no answer. A handler returns an [`ApiError`]; `middleware` writes its body,
//! since the request id is only known there. `error_code` has the table of status and advice.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::error_code::ErrorCode;
use super::memory::MemoryFull;
use crate::batching::{Failed, SubmitError};
use crate::telemetry::chain::Chain;

/// Why a request has no answer. The message goes to the client, as `detail`.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApiError {
    /// The body is not JSON, or not UTF-8.
    #[error("{0}")]
    InvalidJson(String),
    /// The body is not a message of gRPC.
    #[error("the message can't be read: {0}")]
    InvalidMessage(String),
    /// A field has the wrong type, is unknown, or is missing.
    #[error("{message}")]
    InvalidField {
        /// JSON pointer to the field.
        pointer: String,
        /// What was found and what is allowed.
        message: String,
    },
    /// A header can't be read.
    #[error("{0}")]
    InvalidHeader(String),
    /// The request has no key, or one that is not known. The message must not quote what was sent.
    #[error("{0}")]
    Unauthorized(String),
    /// There is no such route.
    #[error("there is no route at this path")]
    NotFound,
    /// The route exists, but for other methods.
    #[error("this route does not take this method")]
    MethodNotAllowed,
    /// The body stalled, or came too slowly after this time.
    #[error("the body stalled or came too slowly, and took longer than {} ms", .0.as_millis())]
    RequestTimeout(Duration),
    /// The body has more than this many bytes.
    #[error("the body has more than {0} bytes, which is the limit")]
    BodyTooLarge(usize),
    /// The content type is another one than the route reads.
    #[error("the body's content type is {found}; only {read} is read")]
    UnsupportedMediaType {
        /// What was found, in quotation marks.
        found: String,
        /// What is read.
        read: &'static str,
    },
    /// The body is encoded in another way than gzip.
    #[error("the body's content encoding is \"{0}\"; only gzip is read")]
    UnsupportedContentEncoding(String),
    /// The address has more than this many bytes.
    #[error("the address has more than {0} bytes, which is the limit")]
    UriTooLong(usize),
    /// The headers have more than this many bytes.
    #[error("the headers have more than {0} bytes, which is the limit")]
    HeadersTooLarge(usize),
    /// There are more than this many headers.
    #[error("there are more than {0} headers, which is the limit")]
    TooManyHeaders(usize),
    /// The body is well formed, but the request can't be served.
    #[error("{message}")]
    Unacceptable {
        /// Which of the codes with status 422.
        code: ErrorCode,
        /// JSON pointer to the field at fault.
        pointer: String,
        /// What was found and what is allowed.
        message: String,
    },
    /// Too many tokens or bytes already wait.
    #[error("too much waits already; try again in {} s", .retry_after.as_secs())]
    QueueFull {
        /// When there should be room.
        retry_after: Duration,
    },
    /// The key has used up one of its limits.
    #[error("{message}")]
    RateLimited {
        /// Which limit.
        message: String,
        /// When the next request is let in.
        retry_after: Duration,
    },
    /// The model is not loaded yet.
    #[error("the model is still being loaded")]
    Starting,
    /// The model of this name could not be loaded.
    #[error("the model \"{0}\" could not be loaded")]
    ModelBroken(String),
    /// The server is stopping.
    #[error("the server is stopping")]
    Draining,
    /// The deadline passed first.
    #[error("the request's deadline passed before its answer was computed")]
    DeadlineExceeded,
    /// The request alone takes longer to compute than its deadline allows.
    #[error("{0}")]
    DeadlineTooShort(String),
    /// The server failed. The client gets a fixed sentence; the cause goes to the log, under the
    /// request id. It must not quote an input.
    #[error("the server failed to compute this answer; its log has the cause under the request id")]
    Internal(#[source] Arc<dyn Error + Send + Sync>),
}

impl ApiError {
    /// A well-formed request that can't be served; `code` is one with status 422.
    pub fn unacceptable(
        code: ErrorCode,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::Unacceptable { code, pointer: pointer.into(), message: message.into() }
    }

    /// A field that can't be read as it is.
    pub fn invalid_field(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::InvalidField { pointer: pointer.into(), message: message.into() }
    }

    /// A failure of the server. `cause` is for the log and must not quote an input.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(cause.into()))
    }

    /// A request that the batcher doesn't let in. `pointer` is the field of its inputs.
    pub fn refused(error: SubmitError, pointer: &str) -> Self {
        match error {
            SubmitError::Full { retry_after, .. } => Self::QueueFull { retry_after },
            SubmitError::TooLarge { .. } => {
                Self::unacceptable(ErrorCode::TooManyTokens, pointer, error.to_string())
            }
            SubmitError::DeadlineTooShort { .. } => Self::DeadlineTooShort(error.to_string()),
            SubmitError::Closed => Self::Draining,
        }
    }

    /// The stable code, which decides status and advice.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidJson(_) => ErrorCode::InvalidJson,
            Self::InvalidMessage(_) => ErrorCode::InvalidMessage,
            Self::InvalidField { .. } => ErrorCode::InvalidField,
            Self::InvalidHeader(_) => ErrorCode::InvalidHeader,
            Self::Unauthorized(_) => ErrorCode::Unauthorized,
            Self::NotFound => ErrorCode::NotFound,
            Self::MethodNotAllowed => ErrorCode::MethodNotAllowed,
            Self::RequestTimeout(_) => ErrorCode::RequestTimeout,
            Self::BodyTooLarge(_) => ErrorCode::BodyTooLarge,
            Self::UnsupportedMediaType { .. } => ErrorCode::UnsupportedMediaType,
            Self::UnsupportedContentEncoding(_) => ErrorCode::UnsupportedContentEncoding,
            Self::UriTooLong(_) => ErrorCode::UriTooLong,
            Self::HeadersTooLarge(_) | Self::TooManyHeaders(_) => ErrorCode::HeadersTooLarge,
            Self::Unacceptable { code, .. } => *code,
            Self::QueueFull { .. } => ErrorCode::QueueFull,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
            Self::Starting => ErrorCode::Starting,
            Self::ModelBroken(_) => ErrorCode::ModelBroken,
            Self::Draining => ErrorCode::Draining,
            Self::DeadlineExceeded => ErrorCode::DeadlineExceeded,
            Self::DeadlineTooShort(_) => ErrorCode::DeadlineTooShort,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// JSON pointer to the field at fault.
    pub fn pointer(&self) -> Option<&str> {
        match self {
            Self::InvalidField { pointer, .. } | Self::Unacceptable { pointer, .. } => {
                Some(pointer)
            }
            _ => None,
        }
    }

    /// The value of `Retry-After`, in seconds.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::QueueFull { retry_after } => Some(retry_after.as_secs().max(1)),
            // Rounded up: a second earlier it would be refused again.
            Self::RateLimited { retry_after, .. } => {
                Some(retry_after.as_secs_f64().ceil().max(1.0) as u64)
            }
            Self::Starting | Self::Draining => Some(1),
            _ => None,
        }
    }

    /// The cause of a failure of the server, with its sources, for the log.
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::Internal(cause) => Some(Chain(&**cause).to_string()),
            _ => None,
        }
    }
}

impl IntoResponse for ApiError {
    /// The status alone, with the error beside it; `middleware` writes the body.
    fn into_response(self) -> Response {
        let mut response = self.code().status().into_response();
        let header = match self {
            Self::UnsupportedContentEncoding(_) => Some((header::ACCEPT_ENCODING, "gzip")),
            Self::Unauthorized(_) => Some((header::WWW_AUTHENTICATE, "Bearer")),
            _ => None,
        };
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<MemoryFull> for ApiError {
    /// How long others hold their memory is not known, since some of it waits for slow readers.
    fn from(_: MemoryFull) -> Self {
        Self::QueueFull { retry_after: Duration::from_secs(1) }
    }
}

impl From<Failed> for ApiError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Deadline => Self::DeadlineExceeded,
            Failed::Engine { .. } | Failed::Lost => Self::internal(failed),
            Failed::Stopped => Self::Draining,
        }
    }
}
