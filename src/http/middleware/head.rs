//! What a request's head may be.

use axum::extract::Request;
use axum::http::{HeaderMap, Version, header};

use crate::http::error::ApiError;

/// The most bytes of all header names and values together.
const HEADER_BYTES: usize = 16 * 1024;

/// The most headers.
const HEADERS: usize = 100;

/// The most bytes of the address of a request.
const URI_BYTES: usize = 8 * 1024;

/// Checks the size of the head, and that it names one host, as RFC 9112 demands: a proxy in front may
/// have chosen by another one. Over HTTP/2 the address has it.
pub fn check_head(request: &Request) -> Result<(), ApiError> {
    let (uri, headers) = (request.uri(), request.headers());
    // As sent it has the origin too if it is in absolute form.
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if path + uri.authority().map_or(0, |authority| authority.as_str().len()) > URI_BYTES {
        return Err(ApiError::UriTooLong(URI_BYTES));
    }
    if headers.len() > HEADERS {
        return Err(ApiError::TooManyHeaders(HEADERS));
    }
    if header_bytes(headers) > HEADER_BYTES {
        return Err(ApiError::HeadersTooLarge(HEADER_BYTES));
    }
    match headers.get_all(header::HOST).iter().count() {
        0 if request.version() == Version::HTTP_2 && uri.authority().is_some() => Ok(()),
        0 if request.version() >= Version::HTTP_11 => {
            Err(ApiError::InvalidHeader("Host is absent; HTTP/1.1 needs it".to_owned()))
        }
        0 | 1 => Ok(()),
        hosts => Err(ApiError::InvalidHeader(format!("Host is given {hosts} times, not once"))),
    }
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}
