//! Reads a request before its handler runs: what its headers say, then its JSON body.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;
use tokio::time::timeout_at;

use super::body::{self, ContentEncoding, Rate};
use super::caller::Caller;
use super::content_type::{media_type, unsupported};
use super::error::ApiError;
use super::json;
use super::models::Wanted;
use super::state::AppState;
use super::text_pool::INLINE_BYTES;

/// A JSON body, and what the rest of the request says.
pub struct ApiJson<T> {
    /// The parsed body.
    pub value: T,
    /// Who asks, how urgently, and what it holds.
    pub caller: Caller,
}

/// A body that may say which model it asks.
pub trait AsksModel {
    /// Which model.
    fn model(&self) -> Wanted<'_>;
}

impl<T: AsksModel + DeserializeOwned + Send + 'static> FromRequest<AppState> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        check_content_type(request.headers())?;
        let parse = |bytes: Vec<u8>| json::parse(&bytes);
        let (value, caller): (T, _) = read_as(request, state, parse).await?;
        let caller = caller.asking(state.models().choose(value.model())?);
        Ok(Self { value, caller })
    }
}

/// What `parse` makes of a request's body, and what the rest of the request says.
///
/// # Errors
/// The request is refused, its body can't be read or is refused by `parse`, or its deadline passed.
pub async fn read_as<T: Send + 'static>(
    request: Request,
    state: &AppState,
    parse: impl FnOnce(Vec<u8>) -> Result<T, ApiError> + Send + 'static,
) -> Result<(T, Caller), ApiError> {
    let encoding = ContentEncoding::read(request.headers())?;
    let (bytes, caller) = read_bytes(request, state).await?;
    let limit = state.config().body_bytes.get();
    let long = bytes.len() > INLINE_BYTES || encoding == ContentEncoding::Gzip;
    let mut memory = caller.memory;
    let parsing = caller.service.text_pool.run(long, caller.deadline, move || {
        let bytes = match encoding {
            ContentEncoding::Identity => bytes,
            ContentEncoding::Gzip => body::gunzip(&bytes, limit, &mut memory)?,
        };
        // For what is parsed from it, which exists beside it for a moment.
        memory.try_grow(bytes.len())?;
        Ok::<_, ApiError>((parse(bytes)?, memory))
    });
    let (value, memory) = parsing.await??;
    Ok((value, Caller { memory, ..caller }))
}

/// The bytes of a request's body, and what the rest of the request says.
///
/// # Errors
/// The request is refused, its body can't be read, or its deadline passed.
pub async fn read_bytes(request: Request, state: &AppState) -> Result<(Vec<u8>, Caller), ApiError> {
    let (parts, body) = request.into_parts();
    let mut caller = Caller::new(&parts.headers, &parts.extensions, state)?;
    let rate = Rate::new(state.config());
    let limit = state.config().body_bytes.get();
    let reading = body::read(body, limit, rate, &mut caller.memory);
    let late = |_| ApiError::DeadlineExceeded;
    let bytes = timeout_at(caller.deadline.into(), reading).await.map_err(late)??;
    Ok((bytes, caller))
}

fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let is_json = |kind: &str| {
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
    };
    match media_type(headers).filter(|kind| is_json(kind)) {
        Some(_) => Ok(()),
        None => Err(unsupported(headers, "application/json")),
    }
}
