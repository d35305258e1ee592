//! HTTP/2 without TLS: on the same port as HTTP/1, with limits of its own.

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

async fn metric(app: &TestApp, line: &str) -> f64 {
    let text = app.get("/metrics").await;
    let value = text.text().lines().find_map(|found| found.strip_prefix(line)).map(str::to_owned);
    value.map_or(0.0, |value| value.trim().parse().unwrap())
}

async fn until_metric(app: &TestApp, line: &str, value: f64) {
    timeout(PATIENCE, until(async || metric(app, line).await == value)).await.unwrap();
}

fn closed_for(reason: &str) -> String {
    format!("strata_http_connections_closed_total{{reason=\"{reason}\"}}")
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_share_a_connection_and_get_the_answers_of_http_1() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let mut client = Client::connect(&server).await;
    let bodies: Vec<_> =
        (0..40).map(|at| json!({"inputs": format!("film {at}")}).to_string()).collect();
    let begun: Vec<_> = bodies.iter().map(|body| client.begin("/embed", body)).collect();
    for ((answer, _stream), body) in begun.into_iter().zip(bodies) {
        let (parts, found) = answer.await.unwrap().into_parts();
        assert_eq!(parts.status, 200);
        for name in ["connection", "keep-alive"] {
            assert!(!parts.headers.contains_key(name), "{name} is of HTTP/1");
        }
        let found: Value = serde_json::from_slice(&read(found).await).unwrap();
        let expected = app.post_raw("/embed", body).await.ok();
        assert_eq!(found["embeddings"], expected["embeddings"]);
    }
    let (status, headers, problem) = client.ask("/none", "").await;
    assert_eq!((status.as_u16(), &problem["code"]), (404, &json!("not_found")));
    assert_eq!(problem["request_id"], headers["x-request-id"].to_str().unwrap());
    assert_eq!(server.open.count(), 1);
    drop(client);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_bytes_say_what_a_client_speaks_however_they_come() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    // The server's settings are the answer to a preface, and 400 to what is none.
    let first_bytes = |sent: Vec<u8>| {
        let address = server.address;
        spawn_blocking(move || {
            let mut stream = StdStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            for byte in sent {
                stream.write_all(&[byte]).unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
            let mut read = [0; 9];
            stream.read_exact(&mut read).unwrap();
            read
        })
    };
    const SETTINGS: u8 = 4;
    let settings = [0, 0, 0, SETTINGS, 0, 0, 0, 0, 0];
    let http2 = first_bytes([PREFACE, &settings].concat()).await.unwrap();
    assert_eq!(http2[3], SETTINGS);
    for http1 in ["PROPFIND / HTTP/1.1\r\nhost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"] {
        let answer = first_bytes(http1.as_bytes().to_vec()).await.unwrap();
        assert_eq!(&answer[..8], b"HTTP/1.1", "{http1}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preface_that_does_not_end_and_a_connection_without_requests_are_closed() {
    let mut config = config(tiny("sentence"));
    config.http.header_timeout = SHORT;
    config.http.idle_timeout = SHORT;
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let half = server.begin(&PREFACE[..20]);
    until_metric(&app, &closed_for("head_timeout"), 1.0).await;
    drop(half);
    let mut client = Client::connect(&server).await;
    client.ask("/livez", "").await;
    // An idle client learns that, and leaves without an error.
    let requests = client.requests.clone();
    timeout(PATIENCE, client.connection).await.unwrap().unwrap().unwrap();
    drop(requests);
    until_metric(&app, &closed_for("idle"), 1.0).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_limit_an_idle_connection_makes_room() {
    let mut config = config(tiny("sentence"));
    config.http.connections = at_least_one(1);
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let mut first = Client::connect(&server).await;
    first.ask("/livez", "").await;
    until(async || server.open.idle() == 1).await;
    let mut second = Client::connect(&server).await;
    first.closed().await.unwrap();
    second.ask("/livez", "").await;
    until_metric(&app, &closed_for("evicted"), 1.0).await;
    drop(second);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_requests_end_and_takes_no_new_ones() {
    let (app, mut stage) = TestApp::staged(&config(tiny("sentence")));
    let server = TestServer::start(&app).await;
    let mut idle = Client::connect(&server).await;
    idle.ask("/livez", "").await;
    let mut busy = Client::connect(&server).await;
    let (answer, _stream) = busy.begin("/embed", &json!({"inputs": "a"}).to_string());
    stage.pass().await;
    server.advance(Stage::Delay);
    // The idle one may still ask once, and is then closed.
    assert_eq!(idle.ask("/livez", "").await.0, 200);
    idle.closed().await.unwrap();
    stage.open();
    assert_eq!(answer.await.unwrap().status(), 200);
    busy.closed().await.unwrap();
    let last = Client::connect(&server).await;
    server.stop().await;
    last.closed().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_reads_costs_its_stream_and_no_other() {
    let mut config = config(tiny("sentence"));
    config.http.progress_window = SHORT;
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let mut client = Client::connect(&server).await;
    // More than the window of a stream.
    let large = json!({"inputs": vec!["a ".repeat(20); 100], "tokens": true}).to_string();
    let (answer, _stream) = client.begin("/embed", &large);
    let mut unread = answer.await.unwrap().into_body();
    until_metric(&app, "strata_http_streams_cut_off_total", 1.0).await;
    assert_eq!(client.ask("/livez", "").await.0, 200);
    let error = loop {
        match unread.data().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("the answer is whole"),
        }
    };
    assert_eq!(error.reason(), Some(Reason::CANCEL));
    assert_eq!(metric(&app, "strata_memory_used_bytes").await, 0.0);
    drop(client);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_a_stream_open_to_read_slowly_gets_its_answer() {
    let mut config = config(tiny("sentence"));
    config.http.progress_window = Duration::from_secs(1);
    // Far less than the client reads.
    config.http.answer_bytes_per_second = 10_000;
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let mut client = Client::connect(&server).await;
    let large = json!({"inputs": vec!["a ".repeat(20); 100], "tokens": true}).to_string();
    let (answer, _stream) = client.begin("/embed", &large);
    let mut body = answer.await.unwrap().into_body();
    let mut read = 0;
    while let Some(part) = body.data().await {
        let part = part.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        body.flow_control().release_capacity(part.len()).unwrap();
        read += part.len();
    }
    assert!(read > 200_000, "{read} bytes");
    drop(client);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_cancelled_leaves_the_queue() {
    let (app, mut stage) = TestApp::staged(&config(tiny("sentence")));
    let server = TestServer::start(&app).await;
    let mut client = Client::connect(&server).await;
    let body = json!({"inputs": "a"}).to_string();
    let (first, _first) = client.begin("/embed", &body);
    stage.pass().await;
    let (second, mut stream) = client.begin("/embed", &body);
    let waits = async || app.batcher().status().waiting_sequences == 1;
    timeout(PATIENCE, until(waits)).await.unwrap();
    stream.send_reset(Reason::CANCEL);
    until_metric(&app, CANCELLED, 1.0).await;
    assert!(second.await.is_err());
    stage.open();
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(stage.try_pass(), None, "it is not computed");
    drop(client);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_begins_and_cancels_without_end_is_cut_off_alone() {
    let (app, mut stage) = TestApp::staged(&config(tiny("sentence")));
    let server = TestServer::start(&app).await;
    let body = json!({"inputs": "a"}).to_string();
    let mut other = Client::connect(&server).await;
    let (answer, _stream) = other.begin("/embed", &body);
    stage.pass().await;
    let client = Client::connect(&server).await;
    const AT_ONCE: usize = 50;
    // The other client's, and the one that asks for it.
    const NONE: f64 = 2.0;
    let attack = async {
        for _ in 0..40 {
            let mut begun = Vec::new();
            for _ in 0..AT_ONCE {
                let Ok(mut requests) = client.requests.clone().ready().await else { return };
                let request = Request::post("http://a/embed")
                    .version(Version::HTTP_2)
                    .header("content-type", "application/json")
                    .body(())
                    .unwrap();
                let Ok(sent) = requests.send_request(request, false) else { return };
                begun.push(sent);
            }
            // So that the server has begun them: h2 counts those that it hasn't by itself.
            let all = async || metric(&app, IN_PROGRESS).await == NONE + AT_ONCE as f64;
            if timeout(PATIENCE / 10, until(all)).await.is_err() {
                // It takes no more.
                return;
            }
            begun.iter_mut().for_each(|(_, stream)| stream.send_reset(Reason::CANCEL));
            until(async || metric(&app, IN_PROGRESS).await == NONE).await;
        }
        panic!("none is refused");
    };
    timeout(PATIENCE, attack).await.unwrap();
    let _ = timeout(PATIENCE, client.connection).await.unwrap().unwrap();
    until_metric(&app, &closed_for("cancellations"), 1.0).await;
    stage.open();
    assert_eq!(answer.await.unwrap().status(), 200);
    drop(other);
    server.stop().await;
}

/// The answer to a request of this client, of which it lets one byte come at a time.
async fn barely_read(server: &TestServer) -> (Client, RecvStream) {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let mut builder = Builder::new();
    let builder = builder.initial_window_size(1).initial_connection_window_size(1 << 20);
    let (requests, connection) = builder.handshake(stream).await.unwrap();
    let requests = requests.ready().await.unwrap();
    let mut client = Client { requests, connection: tokio::spawn(connection) };
    let large = json!({"inputs": vec!["a ".repeat(20); 100], "tokens": true}).to_string();
    let (answer, _stream) = client.begin("/embed", &large);
    (client, answer.await.unwrap().into_body())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_which_a_byte_is_read_is_not_handed_over_and_holds_its_memory() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let (client, body) = barely_read(&server).await;
    // Far more than the pieces that were handed over.
    assert!(metric(&app, "strata_memory_used_bytes").await > 200_000.0);
    assert_eq!(server.open.busy(), 1);
    drop((client, body));
    until_metric(&app, "strata_memory_used_bytes", 0.0).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_an_answer_that_is_read_and_not_for_one_that_is_not() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let stalled = barely_read(&server).await;
    let mut client = Client::connect(&server).await;
    let large = json!({"inputs": vec!["a ".repeat(20); 100], "tokens": true}).to_string();
    let (answer, _stream) = client.begin("/embed", &large);
    let mut body = answer.await.unwrap().into_body();
    let stopping = tokio::spawn(server.stop());
    let started = Instant::now();
    let mut read = 0;
    // Longer than an idle connection would have.
    while let Some(part) = body.data().await {
        let part = part.unwrap();
        if started.elapsed() < Duration::from_millis(1_500) {
            tokio::time::sleep(SHORT / 3).await;
        }
        body.flow_control().release_capacity(part.len()).unwrap();
        read += part.len();
    }
    assert!(read > 200_000, "{read} bytes");
    drop(client);
    // The window of a stream is longer by default.
    timeout(Duration::from_secs(10), stopping).await.unwrap().unwrap();
    drop(stalled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_has_a_number_of_requests_at_a_time() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let mut client = Client::connect(&server).await;
    client.ask("/livez", "").await;
    assert_eq!(client.requests.current_max_send_streams(), 256);
    // Beyond the limit of `middleware`, and of HTTP/2 itself.
    for (bytes, status) in [(20_000, 431), (100_000, 431)] {
        let request = Request::get("http://a/livez")
            .version(Version::HTTP_2)
            .header("x", "x".repeat(bytes))
            .body(())
            .unwrap();
        let (answer, _) = client.requests.send_request(request, true).unwrap();
        assert_eq!(answer.await.unwrap().status(), status, "{bytes} bytes");
    }
    assert_eq!(client.ask("/livez", "").await.0, 200);
    drop(client);
    server.stop().await;
}
