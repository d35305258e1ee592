//! What the body of a request is.

use axum::http::{HeaderMap, header};

use super::error::ApiError;
use super::excerpt::excerpt;

/// The media type of `Content-Type` in lower case, without parameters, if the header is there.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let essence = text(headers)?.split(';').next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}

/// The refusal of a body that is of another type than those that are `read`.
pub fn unsupported(headers: &HeaderMap, read: &'static str) -> ApiError {
    let found = text(headers).map(|text| format!("\"{}\"", excerpt(text)));
    ApiError::UnsupportedMediaType { found: found.unwrap_or("not given".to_owned()), read }
}

fn text(headers: &HeaderMap) -> Option<&str> {
    Some(headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or("not readable"))
}
