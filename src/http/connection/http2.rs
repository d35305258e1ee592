//! HTTP/2 without TLS, with limits on what a connection may begin, hold and cancel.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use super::exchange::Exchange;
use super::limits::{BUFFER_BYTES, HEAD_BYTES};
use super::stream::WatchedStream;
use super::streams::StreamTasks;
use super::watch::{End, Watch};

/// The most requests at a time. A client waits with further ones.
const STREAMS: u32 = 256;

/// The most streams that a client has reset before they were looked at; beyond it the connection ends.
const PENDING_RESETS: usize = 20;

/// How often a client is asked whether it is still there, and how long it has to answer: a stream may be
/// open and silent for hours.
const PING_INTERVAL: Duration = Duration::from_secs(60);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Serves the requests of a connection until it ends.
pub async fn serve(stream: WatchedStream, exchange: Exchange, mut watch: Watch) -> End {
    exchange.activity.speaks_http2();
    let tasks = StreamTasks {
        activity: Arc::clone(&exchange.activity),
        open: Arc::clone(&exchange.open),
        stop: exchange.stop.clone(),
    };
    let service = service_fn(move |request| {
        let exchange = exchange.clone();
        async move { Ok::<_, Infallible>(exchange.answer_stream(request).await) }
    });
    let mut builder = http2::Builder::new(tasks);
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_header_list_size(HEAD_BYTES as u32)
        .initial_stream_window_size(BUFFER_BYTES as u32)
        .initial_connection_window_size(BUFFER_BYTES as u32)
        .max_send_buf_size(BUFFER_BYTES);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    match watch.until(pin!(connection), Some(|connection| connection.graceful_shutdown())).await {
        Ok(Ok(())) => watch.reason(),
        Ok(Err(error)) => End::Failed(error),
        Err(end) => end,
    }
}
