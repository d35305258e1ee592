//! The task of one connection, from its first byte to its last.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use axum::http::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::sleep_until;

use super::exchange::Exchange;
use super::limits::Expiry;
use super::stop::Stage;
use super::stream::WatchedStream;

/// The largest head that hyper reads. The limits of `middleware` lie below, so that a request beyond
/// them gets an answer with an id and a body.
const HEAD_BYTES: usize = 64 * 1024;

/// The most headers that hyper reads; the limit of `middleware` lies below.
const HEADERS: usize = 512;

/// The most bytes that hyper reads or writes at once.
const BUFFER_BYTES: usize = 128 * 1024;

/// How a connection ended.
pub enum End {
    /// The client or a header closed it.
    Closed,
    /// It failed: nearly always the client has gone.
    Failed(hyper::Error),
    /// What was sent isn't HTTP that hyper reads. hyper has answered.
    Malformed(Malformed),
    /// The client took too long.
    Expired(Expiry),
    /// It was idle, and made room for another one.
    Evicted,
}

/// An answer of hyper's own, without id and body.
pub struct Malformed {
    /// Its status.
    pub status: StatusCode,
    /// The stable code, for the log and the metrics.
    pub code: &'static str,
    /// What hyper says.
    pub error: hyper::Error,
}

/// Serves the requests of a connection until it ends.
pub async fn drive(stream: TcpStream, exchange: Exchange) -> End {
    let (activity, mut stop) = (Arc::clone(&exchange.activity), exchange.stop.clone());
    let stream = WatchedStream::new(stream, Arc::clone(&activity));
    let service = service_fn(move |request| {
        let exchange = exchange.clone();
        async move { Ok::<_, Infallible>(exchange.answer(request).await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .header_read_timeout(None)
        .max_headers(HEADERS)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(BUFFER_BYTES);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut timer = pin!(sleep_until(Instant::now().into()));
    let mut closing = (stop.stage() >= Stage::Closing).then(Instant::now);
    loop {
        let due = activity.due(closing);
        if let Some(due) = due {
            timer.as_mut().reset(due.into());
        }
        // Ends too when the connection has to be looked at earlier or later than it seemed.
        let progress = poll_fn(|context| match connection.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if activity.due(closing) != due => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        tokio::select! {
            biased;
            ended = progress => match ended {
                Some(Ok(())) => return End::Closed,
                Some(Err(error)) => return failed(error),
                None => {}
            },
            () = &mut timer, if due.is_some() => {
                if let Some(expiry) = activity.expired(closing) {
                    if expiry == Expiry::UnreadAnswer {
                        activity.abort();
                    }
                    return End::Expired(expiry);
                }
            }
            () = activity.evicted() => return End::Evicted,
            () = stop.changed() => {
                if stop.stage() >= Stage::Closing {
                    closing.get_or_insert_with(Instant::now);
                }
            }
        }
    }
}

/// hyper answers what it can't parse before it gives the error.
fn failed(error: hyper::Error) -> End {
    if !error.is_parse() {
        return End::Failed(error);
    }
    let (status, code) = if !error.is_parse_too_large() {
        (StatusCode::BAD_REQUEST, "malformed_request")
    } else if error.to_string() == "URI too long" {
        (StatusCode::URI_TOO_LONG, "uri_too_long")
    } else {
        (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large")
    };
    End::Malformed(Malformed { status, code, error })
}
