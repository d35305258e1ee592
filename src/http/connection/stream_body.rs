//! The body of an answer over HTTP/2.
//!
//! hyper asks a body for more when the client has room for a byte of it, and then hands over all that the
//! body gives. So it gives little at a time, and each piece knows when it is sent: only then a stream is over,
//! for the limits of time as for the connection.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use super::streams::Stream;

/// The most bytes of an answer that are handed over at a time.
const PIECE_BYTES: usize = 16 * 1024;

/// A part of an answer. It is dropped when it is sent, or when nobody wants it any more.
struct Piece {
    bytes: Bytes,
    stream: Arc<Stream>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.stream.sent(self.bytes.len());
    }
}

/// The body of an answer, in pieces.
pub struct StreamBody {
    body: Body,
    /// What is left of the body's last part.
    rest: Bytes,
    /// All of it was handed over, with its trailers.
    complete: bool,
    /// `None` outside of a connection.
    stream: Option<Arc<Stream>>,
}

impl StreamBody {
    /// The body of the answer of the stream whose task this is. Some only report changes: nobody waits for
    /// them.
    pub fn new(body: Body, watches: bool) -> Self {
        let stream = Stream::current();
        if let Some(stream) = &stream {
            stream.answers(watches);
        }
        Self { body, rest: Bytes::new(), complete: false, stream }
    }

    fn next_piece(&mut self) -> Bytes {
        let bytes = self.rest.split_to(self.rest.len().min(PIECE_BYTES));
        let Some(stream) = &self.stream else { return bytes };
        stream.handed_over(bytes.len());
        Bytes::from_owner(Piece { bytes, stream: Arc::clone(stream) })
    }

    fn has_more(&self, more: bool) {
        if let Some(stream) = &self.stream {
            stream.has_more(more);
        }
    }
}

impl HttpBody for StreamBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            let polled = Pin::new(&mut self.body).poll_frame(context);
            let data = match polled {
                Poll::Ready(Some(Ok(frame))) => frame.into_data(),
                other => {
                    self.complete |= matches!(other, Poll::Ready(None));
                    self.has_more(false);
                    return other;
                }
            };
            match data {
                Ok(data) => self.rest = data,
                Err(trailers) => {
                    self.complete = true;
                    return Poll::Ready(Some(Ok(trailers)));
                }
            }
        }
        let piece = self.next_piece();
        self.has_more(true);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower() + rest);
        if let Some(upper) = body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        let complete = self.complete || self.is_end_stream();
        if let Some(stream) = &self.stream {
            stream.answered(complete);
        }
    }
}
