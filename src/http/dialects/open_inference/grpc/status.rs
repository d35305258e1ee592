//! Errors as gRPC has them.

use std::error::Error as _;
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::http::dialects::open_inference::error::sentence;
use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;

/// The stable code of an error.
const CODE: &str = "x-strata-code";

/// How long a client should wait before it tries again, as clients of gRPC read it.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// The headers of an answer that is an error.
pub fn headers(error: &ApiError) -> HeaderMap {
    let mut metadata = MetadataMap::new();
    metadata.insert(CODE, MetadataValue::from_static(error.code().as_str()));
    if let Some(seconds) = error.retry_after() {
        metadata.insert(PUSHBACK, MetadataValue::from(seconds.saturating_mul(1000)));
    }
    let status = Status::with_metadata(code(error.code()), sentence(error), metadata);
    status.into_http::<()>().into_parts().0.headers
}

/// A status for tonic that keeps the error.
pub fn from_error(error: ApiError) -> Status {
    let mut status = Status::unknown("");
    status.set_source(Arc::new(error));
    status
}

/// The error of a status: the one that it keeps, or what tonic found wrong with a message.
pub fn into_error(status: &Status) -> ApiError {
    if let Some(error) = status.source().and_then(|source| source.downcast_ref::<ApiError>()) {
        return error.clone();
    }
    ApiError::InvalidMessage(status.message().to_owned())
}

/// gRPC's code of an error.
fn code(code: ErrorCode) -> Code {
    match code {
        ErrorCode::UnknownModel => Code::NotFound,
        // A client may try again at another server, or after a while; its own limit is its own affair.
        ErrorCode::QueueFull => Code::Unavailable,
        ErrorCode::RateLimited => Code::ResourceExhausted,
        code => match code.status() {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Code::InvalidArgument,
            StatusCode::UNAUTHORIZED => Code::Unauthenticated,
            StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::Unimplemented,
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => Code::DeadlineExceeded,
            StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::URI_TOO_LONG
            | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Code::ResourceExhausted,
            StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
            _ => Code::Internal,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_a_failure_of_the_server_is_internal() {
        for &error in ErrorCode::ALL {
            assert_eq!(code(error) == Code::Internal, error == ErrorCode::Internal, "{error:?}");
        }
    }

    #[test]
    fn the_headers_have_the_sentence_the_stable_code_and_when_to_try_again() {
        let full = ApiError::QueueFull { retry_after: Duration::from_secs(2) };
        let headers = headers(&full);
        assert_eq!(headers["grpc-status"], "14");
        assert_eq!(
            (&headers[CODE], &headers[PUSHBACK]),
            (&"queue_full".parse().unwrap(), &"2000".parse().unwrap())
        );
        let message = headers["grpc-message"].to_str().unwrap();
        assert!(message.starts_with("too%20much%20waits%20already"), "{message}");
        assert_eq!(headers["content-type"], "application/grpc");
    }

    #[test]
    fn an_error_comes_through_a_status_unchanged() {
        let error = into_error(&from_error(ApiError::NotFound));
        assert_eq!(error.code(), ErrorCode::NotFound);
        let error = into_error(&Status::internal("unexpected end"));
        assert_eq!(error.to_string(), "the message can't be read: unexpected end");
    }
}
