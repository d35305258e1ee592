//! What every call goes through before and after tonic.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tonic::Status;

use super::status::into_error;
use crate::http::body::{self, Rate};
use crate::http::error::ApiError;
use crate::http::excerpt::excerpt;
use crate::http::memory::MemoryCharge;
use crate::http::state::AppState;

/// What a content type of gRPC begins with.
const GRPC: &str = "application/grpc";

/// Whether a request is one of gRPC by its content type.
pub fn is_grpc(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(GRPC.as_bytes()))
}

/// Checks that a request is one of gRPC.
///
/// # Errors
/// Its content type is another one.
pub fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    if is_grpc(headers) {
        return Ok(());
    }
    let found =
        headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let found = found.map_or("not given".to_owned(), |text| format!("\"{}\"", excerpt(&text)));
    Err(ApiError::UnsupportedMediaType { found, read: GRPC })
}

/// The request with a body that was read.
pub fn with_body(parts: Parts, body: Vec<u8>) -> Request {
    Request::from_parts(parts, Body::from(body))
}

/// The most bytes of a message that has no texts.
const SMALL_BYTES: usize = 16 * 1024;

/// A call that computes nothing, with its whole body.
pub struct SmallCall(pub Request);

impl SmallCall {
    /// Reads the body.
    ///
    /// # Errors
    /// It isn't one of gRPC, or is too large or too slow, or the memory for requests is used up.
    pub async fn read(request: Request, state: &AppState) -> Result<Self, ApiError> {
        check_content_type(request.headers())?;
        let (parts, body) = request.into_parts();
        let mut memory = state.memory().charge();
        let body = body::read(body, SMALL_BYTES, Rate::new(state.config()), &mut memory).await?;
        Ok(Self(with_body(parts, body)))
    }
}

/// The memory of an answer, in its extensions.
#[derive(Clone, Debug)]
pub struct AnswerMemory {
    _held: Arc<MemoryCharge>,
}

impl From<MemoryCharge> for AnswerMemory {
    fn from(charge: MemoryCharge) -> Self {
        Self { _held: Arc::new(charge) }
    }
}

/// tonic's answer, which holds its memory until it is written.
///
/// # Errors
/// It is one.
pub fn finish(response: Response<tonic::body::Body>) -> Result<Response, ApiError> {
    let (mut parts, body) = response.into_parts();
    if let Some(status) = parts.extensions.remove::<Status>() {
        return Err(into_error(&status));
    }
    let memory = parts.extensions.remove::<AnswerMemory>();
    Ok(Response::from_parts(parts, Body::new(HeldBody { body, _memory: memory })))
}

struct HeldBody {
    body: tonic::body::Body,
    _memory: Option<AnswerMemory>,
}

impl HttpBody for HeldBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
