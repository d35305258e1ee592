//! The stream of a connection: reports what happens on it, and discards before it closes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
#[cfg(feature = "grpc")]
use tokio::io::AsyncReadExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::activity::Activity;

/// Bytes that are discarded at once.
const DISCARD_BYTES: usize = 16 * 1024;

/// What a client of HTTP/2 that knows the server sends first, RFC 9113.
#[cfg(feature = "grpc")]
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1, or what isn't HTTP.
    Http1,
    /// HTTP/2.
    #[cfg(feature = "grpc")]
    Http2,
}

/// A TCP stream.
pub struct WatchedStream {
    stream: TcpStream,
    activity: Arc<Activity>,
    /// What was read to see what the client speaks, and is read again.
    ahead: Bytes,
    /// How much may still be discarded, once the server's half is closed.
    discard: Option<u64>,
}

impl WatchedStream {
    /// Reports what happens on `stream` to `activity`.
    pub fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self { stream, activity, ahead: Bytes::new(), discard: None }
    }

    /// Reads as much as it takes to see what the client speaks.
    ///
    /// # Errors
    /// Nothing can be read.
    #[cfg(feature = "grpc")]
    pub async fn protocol(&mut self) -> io::Result<Protocol> {
        let mut first = [0; PREFACE.len()];
        let mut read = 0;
        while first[..read] == PREFACE[..read] {
            if read == first.len() {
                self.ahead = Bytes::copy_from_slice(&first);
                return Ok(Protocol::Http2);
            }
            match self.read(&mut first[read..]).await? {
                0 => break,
                more => read += more,
            }
        }
        self.ahead = Bytes::copy_from_slice(&first[..read]);
        Ok(Protocol::Http1)
    }

    /// Without HTTP/2, hyper closes the connection of a client that speaks it.
    ///
    /// # Errors
    /// None.
    #[cfg(not(feature = "grpc"))]
    pub async fn protocol(&mut self) -> io::Result<Protocol> {
        Ok(Protocol::Http1)
    }

    fn written(&self, wrote: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &wrote {
            Poll::Ready(Ok(bytes)) => self.activity.wrote(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity.write_blocked(),
        }
        wrote
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let now = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(&self.ahead.split_to(now));
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.activity.read();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes the stream once it has written all that it had.
        self.activity.flushed();
        Poll::Ready(Ok(()))
    }

    /// Closes the server's half, then throws away what the client still sends. A client that is still
    /// sending its body would otherwise get a reset, which may destroy an answer that it hasn't read.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut left = match self.discard {
            Some(left) => left,
            None => {
                ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
                self.activity.discards();
                self.activity.limits.discard_bytes
            }
        };
        let mut bytes = [0; DISCARD_BYTES];
        while left > 0 {
            self.discard = Some(left);
            let mut buffer = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            match buffer.filled().len() as u64 {
                0 => break,
                read => left = left.saturating_sub(read),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for WatchedStream {
    fn drop(&mut self) {
        if self.activity.is_aborted() {
            // The system then drops what the client hasn't read, instead of keeping it for minutes.
            let _ = self.stream.set_zero_linger();
        }
    }
}
