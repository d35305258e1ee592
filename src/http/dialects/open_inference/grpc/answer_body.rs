//! The body of an answer, with the status behind it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use prost::Message;

use super::frame;
use super::status::{GRPC, STATUS};
use crate::http::error::ApiError;

/// An answer of one small message.
///
/// # Errors
/// It is not small.
pub fn small(message: &impl Message) -> Result<Response, ApiError> {
    Ok(with_status(Body::from(frame::write(message)?)))
}

/// An answer with messages in their frames. The status behind them says that all is well.
pub fn with_status(messages: Body) -> Response {
    let body = Body::new(AnswerBody { messages, ended: false });
    ([(header::CONTENT_TYPE, GRPC)], body).into_response()
}

struct AnswerBody {
    messages: Body,
    /// The status is given.
    ended: bool,
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.messages).poll_frame(context));
        Poll::Ready(Some(frame.unwrap_or_else(|| {
            self.ended = true;
            let status = (STATUS, HeaderValue::from_static("0"));
            Ok(Frame::trailers(HeaderMap::from_iter([status])))
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
