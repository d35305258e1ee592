//! The task of one connection, from its first byte to its last.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use axum::http::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::exchange::Exchange;
#[cfg(feature = "grpc")]
use super::http2;
use super::limits::{BUFFER_BYTES, HEAD_BYTES};
use super::stream::{Protocol, WatchedStream};
use super::watch::{End, Malformed, Watch};

/// The most headers that hyper reads; the limit of `middleware` lies below.
const HEADERS: usize = 512;

/// Serves the requests of a connection until it ends.
pub async fn drive(stream: TcpStream, exchange: Exchange) -> End {
    let mut watch = Watch::new(Arc::clone(&exchange.activity), exchange.stop.clone());
    let mut stream = WatchedStream::new(stream, Arc::clone(&exchange.activity));
    let protocol = watch.until(pin!(stream.protocol()), None).await;
    match protocol {
        Err(end) => end,
        Ok(Err(error)) => End::Unreadable(error),
        Ok(Ok(Protocol::Http1)) => serve_http1(stream, exchange, watch).await,
        #[cfg(feature = "grpc")]
        Ok(Ok(Protocol::Http2)) => http2::serve(stream, exchange, watch).await,
    }
}

async fn serve_http1(stream: WatchedStream, exchange: Exchange, mut watch: Watch) -> End {
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
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    match watch.until(pin!(connection), None).await {
        Ok(Ok(())) => End::Closed,
        Ok(Err(error)) => failed(error),
        Err(end) => end,
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
