//! Reads a request's JSON body and its deadline, before a handler runs.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::error::ApiError;
use super::state::{Admitted, AppState};
use crate::config::HttpConfig;

/// A JSON body, with the room that is reserved for its bytes until the request ends.
pub struct ApiJson<T> {
    /// The parsed body.
    pub value: T,
    /// The time after which the answer is of no use.
    pub deadline: Instant,
    /// Releases the room when dropped.
    pub admitted: Admitted,
}

impl<T: DeserializeOwned> FromRequest<AppState> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let started = Instant::now();
        let config = state.config();
        check_content_type(request.headers())?;
        let deadline = started + timeout(request.headers(), config)?;
        let declared = content_length(request.headers());
        let limit = config.body_bytes.get();
        if declared.is_some_and(|length| length > limit) {
            return Err(ApiError::BodyTooLarge(limit));
        }
        let admitted = state.admit(declared.unwrap_or(limit))?;
        let body = read(request.into_body(), config).await?;
        Ok(Self { value: parse(&body)?, deadline, admitted })
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(found) = headers.get(header::CONTENT_TYPE) else {
        return Err(ApiError::UnsupportedMediaType("not given".to_owned()));
    };
    let text = found.to_str().unwrap_or("not readable");
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if json { Ok(()) } else { Err(ApiError::UnsupportedMediaType(format!("\"{text}\""))) }
}

/// The timeout of `x-timeout-ms`, at most the configured maximum; without the header, the default.
fn timeout(headers: &HeaderMap, config: &HttpConfig) -> Result<Duration, ApiError> {
    const HEADER: &str = "x-timeout-ms";
    let Some(value) = headers.get(HEADER) else {
        return Ok(config.timeout);
    };
    match value.to_str().ok().and_then(|text| text.parse::<u64>().ok()) {
        Some(millis) if millis > 0 => Ok(Duration::from_millis(millis).min(config.max_timeout)),
        _ => Err(ApiError::InvalidHeader(format!(
            "{HEADER} is {value:?}; it must be a whole number of milliseconds above 0"
        ))),
    }
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(body: Body, config: &HttpConfig) -> Result<axum::body::Bytes, ApiError> {
    let limit = config.body_bytes.get();
    let collecting = Limited::new(body, limit).collect();
    let collected = tokio::time::timeout(config.header_timeout, collecting)
        .await
        .map_err(|_| ApiError::RequestTimeout(config.header_timeout))?;
    match collected {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::BodyTooLarge(limit)),
        Err(_) => Err(ApiError::InvalidJson("the body is incomplete".to_owned())),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let text = std::str::from_utf8(body).map_err(|error| {
        ApiError::InvalidJson(format!("the body is not UTF-8 at byte {}", error.valid_up_to()))
    })?;
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        match inner.classify() {
            Category::Data => ApiError::InvalidField { pointer, message: inner.to_string() },
            _ => ApiError::InvalidJson(format!("the body is not JSON: {inner}")),
        }
    })?;
    json.end().map_err(|error| ApiError::InvalidJson(format!("after the JSON value: {error}")))?;
    Ok(value)
}

/// JSON pointer, RFC 6901: `/inputs/3/pair`; the empty pointer is the whole body.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => {}
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::embed::EmbedRequest;

    fn refusal(body: &[u8]) -> ApiError {
        parse::<EmbedRequest>(body).unwrap_err()
    }

    #[test]
    fn invalid_json_or_utf_8_is_another_error_than_a_wrong_field() {
        assert!(matches!(refusal(b"{\"inputs\": "), ApiError::InvalidJson(_)));
        assert!(matches!(refusal(b"{\"inputs\": \"\xff\"}"), ApiError::InvalidJson(_)));
        assert!(matches!(refusal(b"{\"inputs\": \"\\ud800\"}"), ApiError::InvalidJson(_)));
        assert!(matches!(refusal(b"{\"inputs\": \"a\"} x"), ApiError::InvalidJson(_)));
        assert!(matches!(refusal(b"[]"), ApiError::InvalidField { .. }));
    }

    #[test]
    fn a_wrong_field_is_reported_with_its_pointer() {
        let pointed = |body: &[u8]| match refusal(body) {
            ApiError::InvalidField { pointer, .. } => pointer,
            other => panic!("{other:?}"),
        };
        assert_eq!(pointed(b"{\"inputs\": [\"a\", 1]}"), "/inputs/1");
        assert_eq!(pointed(b"{\"inputs\": [{\"text\": \"a\", \"pair\": []}]}"), "/inputs/0/pair");
        assert_eq!(
            pointed(b"{\"inputs\": \"a\", \"recipe\": {\"pooling\": \"min\"}}"),
            "/recipe/pooling"
        );
        assert_eq!(pointed(b"{\"inputs\": \"a\", \"recipe\": {\"layer\": 1}}"), "/recipe/layer");
        assert_eq!(pointed(b"{\"input\": \"a\"}"), "/input");
        assert_eq!(pointed(b"{}"), "");
    }
}
