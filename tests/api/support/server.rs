//! A server on a free port of the loopback interface, and requests as raw bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use strata::http::connection::{OpenConnections, Server, Stage, Stop, serve};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::answer::Answer;
use super::app::TestApp;

pub struct TestServer {
    pub address: SocketAddr,
    pub open: Arc<OpenConnections>,
    stop: Stop,
    serving: JoinHandle<()>,
}

impl TestServer {
    /// Serves with the settings of the app.
    pub async fn start(app: &TestApp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, signal) = Stop::new();
        let open = Arc::<OpenConnections>::default();
        app.state.metrics().register(|registry| open.register(registry));
        let server = Server {
            router: app.router(),
            config: app.state.config().clone(),
            open: Arc::clone(&open),
            metrics: Arc::clone(app.state.http_metrics()),
            stop: signal,
        };
        Self { address, open, stop, serving: tokio::spawn(serve(listener, server)) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends bytes over a new connection.
    pub fn begin(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    }

    /// Sends bytes over a new connection, and reads until the server closes it.
    pub async fn exchange(&self, bytes: &[u8]) -> Answer {
        parse(&read_to_end(self.begin(bytes)).await)
    }

    /// Goes on to a stage of stopping.
    pub fn advance(&self, stage: Stage) {
        self.stop.advance(stage);
    }

    /// Accepts no more connections and waits until the open ones have ended.
    pub async fn stop(self) {
        self.stop.advance(Stage::Closing);
        self.serving.await.unwrap();
    }
}

/// Everything that the server sends until it closes the connection.
pub async fn read_to_end(mut stream: TcpStream) -> Vec<u8> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut read = Vec::new();
        stream.read_to_end(&mut read).unwrap();
        read
    });
    reading.await.unwrap()
}

/// Parses an answer without chunks that ends with the connection.
pub fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
    };
    Answer {
        status: status.parse::<StatusCode>().unwrap(),
        headers: lines.map(header).collect::<HeaderMap>(),
        body: Bytes::from(body.to_owned()),
    }
}
