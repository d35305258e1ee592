//! Reads a request before its handler runs: what its headers say, then its JSON body.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use tokio::time::timeout_at;

use super::body::{self, ContentEncoding, Rate};
use super::caller::Caller;
use super::error::ApiError;
use super::excerpt::excerpt;
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
        let (parts, body) = request.into_parts();
        check_content_type(&parts.headers)?;
        let encoding = ContentEncoding::read(&parts.headers)?;
        let mut caller = Caller::new(&parts.headers, &parts.extensions, state)?;
        let limit = state.config().body_bytes.get();
        let rate = Rate::new(state.config());
        let reading = body::read(body, limit, rate, &mut caller.memory);
        let late = |_| ApiError::DeadlineExceeded;
        let bytes = timeout_at(caller.deadline.into(), reading).await.map_err(late)??;
        let long = bytes.len() > INLINE_BYTES || encoding == ContentEncoding::Gzip;
        let mut memory = caller.memory;
        let parsing = caller.service.text_pool.run(long, caller.deadline, move || {
            let bytes = match encoding {
                ContentEncoding::Identity => bytes,
                ContentEncoding::Gzip => body::gunzip(&bytes, limit, &mut memory)?,
            };
            // For what is parsed from it, which exists beside it for a moment.
            memory.try_grow(bytes.len())?;
            Ok::<_, ApiError>((json::parse(&bytes)?, memory))
        });
        let (value, memory): (T, _) = parsing.await??;
        let service = state.models().choose(value.model())?;
        caller.clock.asks(&service.model);
        Ok(Self { value, caller: Caller { service, memory, ..caller } })
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
    let named = || format!("\"{}\"", excerpt(text));
    if json { Ok(()) } else { Err(ApiError::UnsupportedMediaType(named())) }
}
