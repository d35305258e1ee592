//! One request and its answer on a connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
#[cfg(feature = "grpc")]
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Extensions, HeaderMap, HeaderValue, Request, Response, Version, header};
use hyper::body::{Frame, Incoming, SizeHint};
use tower::ServiceExt;

use super::activity::Activity;
#[cfg(feature = "grpc")]
use super::extensions::Watching;
use super::extensions::{FirstByte, PeerAddress};
#[cfg(feature = "grpc")]
use super::open::OpenConnections;
use super::stop::{Stage, StopSignal};
#[cfg(feature = "grpc")]
use super::stream_body::StreamBody;

/// The most frames of an unread body that are thrown away so that the connection can stay open.
const DRAINED_FRAMES: usize = 16;

/// What a connection's requests need.
#[derive(Clone)]
pub struct Exchange {
    /// All routes.
    pub router: Router,
    /// The other end.
    pub peer: PeerAddress,
    /// What the connection is doing.
    pub activity: Arc<Activity>,
    /// How far the server has come in stopping.
    pub stop: StopSignal,
    /// The open connections.
    #[cfg(feature = "grpc")]
    pub open: Arc<OpenConnections>,
    /// The header `Keep-Alive`, if it can be said in seconds how long idle connections stay open.
    pub keep_alive: Option<HeaderValue>,
}

impl Exchange {
    /// Answers a request. The answer closes the connection if the server stops, or if the rest of the
    /// request's body has not arrived; otherwise it says how long the connection stays open.
    pub async fn answer(self, request: Request<Incoming>) -> Response<AnswerBody> {
        let first_byte = FirstByte(self.activity.request());
        let (kept, expects) = (
            keeps_alive(request.version(), request.headers()),
            request.headers().contains_key(header::EXPECT),
        );
        let unread = Unread::default();
        let mut request = request.map(|body| {
            Body::new(RequestBody { incoming: Some(body), unread: Arc::clone(&unread) })
        });
        self.describe(request.extensions_mut(), first_byte);
        let mut response =
            self.router.oneshot(request).await.unwrap_or_else(|never| match never {});
        let unread = unread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let complete = match unread {
            None => true,
            // To look at its body would ask the client to send it.
            Some(_) if expects => false,
            Some(body) => drain(body).await,
        };
        let headers = response.headers_mut();
        if !complete || self.stop.stage() >= Stage::Delay {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        } else if kept && let Some(value) = self.keep_alive {
            headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
            headers.insert("keep-alive", value);
        }
        response.map(|body| AnswerBody { body, activity: self.activity })
    }

    /// Answers a request of HTTP/2, where neither an unread body nor the server's stop ends a connection
    /// with an answer.
    #[cfg(feature = "grpc")]
    pub async fn answer_stream(self, request: Request<Incoming>) -> Response<StreamBody> {
        let mut request = request.map(Body::new);
        self.describe(request.extensions_mut(), FirstByte(Instant::now()));
        let mut response =
            self.router.oneshot(request).await.unwrap_or_else(|never| match never {});
        let watches = response.extensions_mut().remove::<Watching>().is_some();
        response.map(|body| StreamBody::new(body, watches))
    }

    /// Says to a request what its connection knows.
    fn describe(&self, extensions: &mut Extensions, first_byte: FirstByte) {
        extensions.insert(self.peer);
        extensions.insert(first_byte);
        extensions.insert(self.stop.clone());
    }
}

/// Whether the client keeps the connection open after the answer.
fn keeps_alive(version: Version, headers: &HeaderMap) -> bool {
    let mut options = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(',').map(str::trim));
    if version >= Version::HTTP_11 {
        !options.any(|option| option.eq_ignore_ascii_case("close"))
    } else {
        options.any(|option| option.eq_ignore_ascii_case("keep-alive"))
    }
}

/// Where a body is put that was not read to its end.
type Unread = Arc<Mutex<Option<Incoming>>>;

/// Throws away the rest of a body as far as it has arrived. Returns whether that was all.
async fn drain(mut body: Incoming) -> bool {
    poll_fn(|context| {
        for _ in 0..DRAINED_FRAMES {
            match Pin::new(&mut body).poll_frame(context) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(None) => return Poll::Ready(true),
                Poll::Ready(Some(Err(_))) | Poll::Pending => break,
            }
        }
        Poll::Ready(false)
    })
    .await
}

/// The body of a request, which shows whether it was read to its end.
struct RequestBody {
    incoming: Option<Incoming>,
    unread: Unread,
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let frame = Pin::new(incoming).poll_frame(context);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.incoming = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or(SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if let Some(incoming) = self.incoming.take().filter(|body| !body.is_end_stream()) {
            *self.unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(incoming);
        }
    }
}

/// The body of an answer. It is dropped when hyper has taken all of it.
pub struct AnswerBody {
    body: Body,
    activity: Arc<Activity>,
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.activity.answer_taken();
    }
}
