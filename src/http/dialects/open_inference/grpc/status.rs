//! Errors as gRPC has them.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/statuscodes.md>

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::http::dialects::open_inference::error::sentence;
use crate::http::error::ApiError;
use crate::http::error_code::ErrorCode;

/// The content type of answers.
pub const GRPC: &str = "application/grpc";

/// gRPC's code.
pub const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The encoding of compressed messages that is read.
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// The stable code of an error.
const CODE: HeaderName = HeaderName::from_static("x-strata-code");

/// How long a client should wait before it tries again.
const PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// What a message may not have as it is, beside what isn't ASCII.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// The codes of errors that Strata has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// The headers of an answer that is an error.
pub fn headers(error: &ApiError) -> HeaderMap {
    let message = utf8_percent_encode(&sentence(error), ENCODED).to_string();
    let mut headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(GRPC)),
        (STATUS, HeaderValue::from(code(error.code()) as u16)),
        (CODE, HeaderValue::from_static(error.code().as_str())),
    ]);
    if let Ok(message) = HeaderValue::from_str(&message) {
        headers.insert(MESSAGE, message);
    }
    if let Some(seconds) = error.retry_after() {
        headers.insert(PUSHBACK, HeaderValue::from(seconds.saturating_mul(1000)));
    }
    if matches!(error, ApiError::UnsupportedContentEncoding(_)) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity,gzip"));
    }
    headers
}

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
        let headers = headers(&ApiError::QueueFull { retry_after: Duration::from_secs(2) });
        assert_eq!(
            (&headers[STATUS], &headers[CODE]),
            (&"14".parse().unwrap(), &"queue_full".parse().unwrap())
        );
        assert_eq!(
            (&headers[PUSHBACK], &headers["content-type"]),
            (&"2000".parse().unwrap(), &"application/grpc".parse().unwrap())
        );
        let message = headers[MESSAGE].to_str().unwrap();
        assert!(message.starts_with("too much waits already; try again in 2 s. "), "{message}");
    }

    #[test]
    fn a_sentence_is_encoded_where_it_is_not_plain() {
        let odd = ApiError::InvalidMessage("5 % of \u{e9}\n".to_owned());
        let headers = headers(&odd);
        let message = headers[MESSAGE].to_str().unwrap();
        assert!(
            message.starts_with("the message can't be read: 5 %25 of %C3%A9%0A. "),
            "{message}"
        );
    }
}
