//! HTTP/2 without TLS: on the same port as HTTP/1, with limits of its own.

mod answers;
mod limits;
mod serving;

use std::io::{Read, Write};
use std::net::TcpStream as StdStream;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, StatusCode, Version};
use h2::client::{Builder, SendRequest};
use h2::{Reason, RecvStream};
use serde_json::{Value, json};
use strata::http::connection::Stage;
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use crate::support::app::{TestApp, at_least_one, config};
use crate::support::server::TestServer;
use crate::support::{tiny, until};

/// Far shorter than the defaults, far longer than an exchange takes.
const SHORT: Duration = Duration::from_millis(300);

/// No test waits this long for the server.
const PATIENCE: Duration = Duration::from_secs(20);

/// Requests whose clients left before they were answered.
const CANCELLED: &str = "strata_http_requests_cancelled_total{route=\"/embed\",method=\"POST\"}";

const IN_PROGRESS: &str = "strata_http_requests_in_progress";

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// An open connection.
struct Client {
    requests: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
}

impl Client {
    async fn connect(server: &TestServer) -> Self {
        let stream = TcpStream::connect(server.address).await.unwrap();
        // So that a stream that isn't read doesn't hold up the others.
        let mut builder = Builder::new();
        let builder = builder.initial_connection_window_size(1 << 20);
        let (requests, connection) = builder.handshake(stream).await.unwrap();
        Self { requests: requests.ready().await.unwrap(), connection: tokio::spawn(connection) }
    }

    /// Sends a request with a body, and returns what its answer comes from.
    fn begin(
        &mut self,
        path: &str,
        body: &str,
    ) -> (h2::client::ResponseFuture, h2::SendStream<Bytes>) {
        let method = if body.is_empty() { "GET" } else { "POST" };
        let request = Request::builder()
            .version(Version::HTTP_2)
            .method(method)
            .uri(format!("http://a{path}"))
            .header("content-type", "application/json")
            .body(())
            .unwrap();
        let (answer, mut stream) = self.requests.send_request(request, body.is_empty()).unwrap();
        if !body.is_empty() {
            stream.send_data(Bytes::from(body.to_owned()), true).unwrap();
        }
        (answer, stream)
    }

    async fn ask(&mut self, path: &str, body: &str) -> (StatusCode, HeaderMap, Value) {
        let (answer, _stream) = self.begin(path, body);
        let (parts, body) = timeout(PATIENCE, answer).await.unwrap().unwrap().into_parts();
        let body = read(body).await;
        (parts.status, parts.headers, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Waits until the server has closed the connection.
    async fn closed(self) -> Result<(), h2::Error> {
        drop(self.requests);
        timeout(PATIENCE, self.connection).await.unwrap().unwrap()
    }
}

async fn read(mut body: RecvStream) -> Vec<u8> {
    let mut read = Vec::new();
    while let Some(part) = body.data().await {
        let part = part.unwrap();
        body.flow_control().release_capacity(part.len()).unwrap();
        read.extend(part);
    }
    read
}

async fn until_metric(app: &TestApp, line: &str, value: f64) {
    timeout(PATIENCE, until(async || app.metric(line).await == value)).await.unwrap();
}

fn closed_for(reason: &str) -> String {
    format!("strata_http_connections_closed_total{{reason=\"{reason}\"}}")
}
