//! The memory that requests hold together, over real connections.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::task::{JoinSet, spawn_blocking};

use crate::support::app::{TestApp, at_least_one, config};
use crate::support::server::{TestServer, parse, read_to_end};
use crate::support::{tiny, until};

const HEAD: &str = "POST /embed HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";

async fn status(server: &TestServer, body: &Value) -> u16 {
    let client = reqwest::Client::new();
    client.post(server.url("/embed")).json(body).send().await.unwrap().status().as_u16()
}

/// Waits until the requests hold memory as `wanted`.
async fn until_held(app: &TestApp, wanted: impl Fn(usize) -> bool) {
    until(async || wanted(app.state.memory().used())).await;
}

/// A connection into which the system doesn't take a large answer ahead of its reader.
async fn with_small_buffer(server: &TestServer) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let stream = socket.connect(server.address).await.unwrap().into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

/// A request whose answer has tens of MB, more than the buffers of a connection.
fn large() -> Value {
    json!({
        "inputs": vec!["film ".repeat(62); 512],
        "recipe": {"layers": [0, 1, 2, 3], "combine": "concat"},
        "tokens": true,
    })
}

#[tokio::test]
async fn connections_that_announce_a_body_and_send_nothing_lock_nobody_out() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let announced = format!("{HEAD}content-length: 8388608\r\n\r\n{{");
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(server.begin(announced.as_bytes()));
    }
    until_held(&app, |used| used > 0).await;
    for _ in 0..10 {
        assert_eq!(status(&server, &json!({"inputs": "a"})).await, 200);
    }
    let used = app.state.memory().used();
    assert!(used <= 100 * 4096, "{used} bytes are held for 100 bytes");
    drop(silent);
    until_held(&app, |used| used == 0).await;
    server.stop().await;
}

#[tokio::test]
async fn a_hundred_small_bodies_in_chunks_at_once_are_all_answered() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let chunked = format!(
        "{HEAD}connection: close\r\ntransfer-encoding: chunked\r\n\r\n\
         9\r\n{{\"inputs\"\r\n6\r\n: \"a\"}}\r\n0\r\n\r\n"
    );
    let mut answers = JoinSet::new();
    for _ in 0..100 {
        answers.spawn(read_to_end(server.begin(chunked.as_bytes())));
    }
    for answer in answers.join_all().await {
        parse(&answer).ok();
    }
    server.stop().await;
}

#[tokio::test]
async fn answers_that_nobody_reads_are_charged_until_their_clients_leave() {
    let mut config = config(tiny("sentence"));
    config.http.memory_bytes = at_least_one(96 << 20);
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let body = large().to_string();
    let request = format!("{HEAD}content-length: {}\r\n\r\n{body}", body.len());
    let mut unread = Vec::new();
    let mut statuses = Vec::new();
    while statuses.last() != Some(&429) {
        assert!(statuses.len() < 20, "{} bytes are held", app.state.memory().used());
        let mut stream = with_small_buffer(&server).await;
        stream.write_all(request.as_bytes()).unwrap();
        let reading = spawn_blocking(move || {
            let mut line = [0; "HTTP/1.1 200".len()];
            stream.read_exact(&mut line).unwrap();
            (stream, String::from_utf8_lossy(&line[9..]).parse().unwrap())
        });
        let (stream, status) = reading.await.unwrap();
        unread.push(stream);
        statuses.push(status);
    }
    assert_eq!(statuses[..2], [200, 200], "{statuses:?}");
    assert!(app.state.memory().used() > 10 << 20);
    assert_eq!(status(&server, &json!({"inputs": "a"})).await, 200);
    drop(unread);
    until_held(&app, |used| used == 0).await;
    assert_eq!(status(&server, &large()).await, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_large_answer_has_its_length_and_is_complete() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let client = reqwest::Client::new();
    let answer = client.post(server.url("/embed")).json(&large()).send().await.unwrap();
    let length = answer.content_length().unwrap();
    let body = answer.bytes().await.unwrap();
    assert_eq!(body.len() as u64, length);
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(answer["embeddings"].as_array().unwrap().len(), 512);
    until_held(&app, |used| used == 0).await;
    server.stop().await;
}
