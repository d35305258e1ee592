//! Behaviour that only a real connection shows.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpStream;

use crate::support::app::{TestApp, at_least_one, config};
use crate::support::server::{TestServer, parse, read_to_end};
use crate::support::tiny;

const HEAD: &str = "POST /embed HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
                    content-type: application/json\r\n";

#[tokio::test]
async fn a_body_that_does_not_arrive_is_a_408() {
    let mut config = config(tiny("sentence"));
    // The test waits this long for the refusal.
    config.http.progress_window = Duration::from_millis(50);
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let half = format!("{HEAD}content-length: 100\r\n\r\n{{\"inputs\": ");
    server.exchange(half.as_bytes()).await.problem(408, "request_timeout", None);
    server.stop().await;
}

#[tokio::test]
async fn a_slow_body_may_take_any_time_as_long_as_it_goes_on() {
    let mut config = config(tiny("sentence"));
    config.http.progress_window = Duration::from_millis(400);
    config.http.body_bytes_per_second = 10;
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let body = json!({"inputs": "a ".repeat(40)}).to_string();
    let mut stream =
        server.begin(format!("{HEAD}content-length: {}\r\n\r\n", body.len()).as_bytes());
    // At 100 bytes a second it takes more than two windows.
    for part in body.as_bytes().chunks(10) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(part).unwrap();
    }
    parse(&read_to_end(stream).await).ok();
    server.stop().await;
}

#[tokio::test]
async fn the_deadline_includes_reading_the_body() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let half = format!("{HEAD}x-timeout-ms: 200\r\ncontent-length: 100\r\n\r\n{{\"inputs\": ");
    let started = Instant::now();
    server.exchange(half.as_bytes()).await.problem(504, "deadline_exceeded", None);
    let elapsed = started.elapsed();
    // The body itself would have had ten seconds.
    assert!((200..5_000).contains(&elapsed.as_millis()), "{elapsed:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_full_queue_is_seen_before_the_body_is_read() {
    let mut config = config(tiny("sentence"));
    config.batching.budget_tokens = at_least_one(5);
    config.batching.queue_tokens = at_least_one(5);
    let (app, mut stage) = TestApp::staged(&config);
    let server = TestServer::start(&app).await;
    let ask = |text: &'static str| {
        let app = app.clone();
        tokio::spawn(async move { app.post("/embed", json!({"inputs": text})).await })
    };
    let computing = ask("a film");
    stage.pass().await;
    let waiting = ask("a good film");
    app.until_waiting(1).await;
    // Nothing of the body is sent.
    let announced = format!("{HEAD}content-length: 100\r\n\r\n");
    server.exchange(announced.as_bytes()).await.problem(429, "queue_full", None);
    stage.open();
    computing.await.unwrap().ok();
    waiting.await.unwrap().ok();
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_its_end() {
    let mut config = config(tiny("sentence"));
    config.http.body_bytes = at_least_one(1024);
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    // The header declares the length; nothing of the body is sent.
    let announced = format!("{HEAD}content-length: 1025\r\n\r\n");
    server.exchange(announced.as_bytes()).await.problem(413, "body_too_large", None);
    // The chunks never end.
    let chunk = "a".repeat(1000);
    let chunked =
        format!("{HEAD}transfer-encoding: chunked\r\n\r\n3e8\r\n{chunk}\r\n3e8\r\n{chunk}\r\n");
    server.exchange(chunked.as_bytes()).await.problem(413, "body_too_large", None);
    server.stop().await;
}

#[tokio::test]
async fn a_body_in_chunks_is_read() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let chunked = format!(
        "{HEAD}transfer-encoding: chunked\r\n\r\n9\r\n{{\"inputs\"\r\n6\r\n: \"a\"}}\r\n0\r\n\r\n"
    );
    server.exchange(chunked.as_bytes()).await.ok();
    server.stop().await;
}

#[tokio::test]
async fn headers_too_large_are_a_431() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let large = format!("{HEAD}x-padding: {}\r\ncontent-length: 0\r\n\r\n", "a".repeat(17_000));
    server.exchange(large.as_bytes()).await.problem(431, "headers_too_large", None);
    server.stop().await;
}

#[tokio::test]
async fn bytes_that_are_not_http_get_a_400_and_the_server_keeps_running() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    assert_eq!(server.exchange(b"nonsense\r\n\r\n").await.status, 400);
    let url = server.url("/readyz");
    assert_eq!(reqwest::get(url).await.unwrap().status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn one_connection_serves_several_requests() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let body = json!({"inputs": "a"}).to_string();
    let open = HEAD.replace("connection: close\r\n", "");
    let length = body.len();
    let kept = format!("{open}content-length: {length}\r\n\r\n{body}");
    let last = format!("{HEAD}content-length: {length}\r\n\r\n{body}");
    let stream = server.begin(format!("{kept}{kept}{last}").as_bytes());
    let read = String::from_utf8(read_to_end(stream).await).unwrap();
    assert_eq!(read.matches("HTTP/1.1 200 OK\r\n").count(), 3, "{read}");
    server.stop().await;
}

#[tokio::test]
async fn stopping_finishes_the_open_request_and_accepts_no_more() {
    let (app, mut stage) = TestApp::staged(&config(tiny("sentence")));
    let server = TestServer::start(&app).await;
    let address = server.address;
    let body = json!({"inputs": "a"}).to_string();
    let open = HEAD.replace("connection: close\r\n", "");
    let request = format!("{open}content-length: {}\r\n\r\n{body}", body.len());
    let stream = server.begin(request.as_bytes());
    stage.pass().await;
    let stopping = tokio::spawn(server.stop());
    // Once connections are refused, the server waits only for the open request.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    stage.open();
    parse(&read_to_end(stream).await).ok();
    stopping.await.unwrap();
}
