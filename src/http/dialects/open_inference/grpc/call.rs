//! A call: what its head has to say, and the message of a small one.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Version};
use prost::Message;

use super::frame;
use super::status::GRPC;
use crate::http::body::{self, Rate};
use crate::http::content_type::{media_type, unsupported};
use crate::http::error::ApiError;
use crate::http::state::AppState;

/// The content types of gRPC with messages of Protocol Buffers.
const CONTENT_TYPES: [&str; 2] = [GRPC, "application/grpc+proto"];

/// The most bytes of a message that has no texts.
const SMALL_BYTES: usize = 16 * 1024;

/// Whether a request is one of gRPC by its content type; gRPC-Web is another protocol.
pub fn is_grpc(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|kind| CONTENT_TYPES.contains(&kind.as_str()))
}

/// Checks that a request is one of gRPC.
///
/// # Errors
/// Its content type is another one, or it isn't over HTTP/2.
pub fn check(request: &Request) -> Result<(), ApiError> {
    if !is_grpc(request.headers()) {
        return Err(unsupported(request.headers(), GRPC));
    }
    if request.version() != Version::HTTP_2 {
        let message = format!("it comes over {:?}; gRPC needs HTTP/2", request.version());
        return Err(ApiError::InvalidMessage(message));
    }
    Ok(())
}

/// The error of a message that isn't what the method takes.
pub fn invalid(error: prost::DecodeError) -> ApiError {
    ApiError::InvalidMessage(error.to_string())
}

/// A message of a call that computes nothing.
pub struct Small<M>(pub M);

impl<M: Message + Default> FromRequest<AppState> for Small<M> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        check(&request)?;
        let encoding = frame::encoding(request.headers());
        let mut memory = state.memory().charge();
        let rate = Rate::new(state.config());
        let body = body::read(request.into_body(), SMALL_BYTES, rate, &mut memory).await?;
        let message = frame::message(&body, encoding.as_deref(), SMALL_BYTES, &mut memory)?;
        Ok(Self(M::decode(&*message).map_err(invalid)?))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    #[test]
    fn grpc_is_known_by_its_content_type() {
        let is_grpc = |value: &'static str| {
            let value = value.parse().unwrap();
            is_grpc(&HeaderMap::from_iter([(header::CONTENT_TYPE, value)]))
        };
        for known in ["application/grpc", "application/grpc+proto", "Application/gRPC; a=b"] {
            assert!(is_grpc(known), "{known}");
        }
        for other in ["application/grpc-web", "application/grpc+json", "application/json", ""] {
            assert!(!is_grpc(other), "{other}");
        }
    }
}
