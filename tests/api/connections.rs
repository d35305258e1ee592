//! The limits of a connection: its times, its number, and how it ends.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::spawn_blocking;

use crate::support::answer::Answer;
use crate::support::app::{TestApp, at_least_one, config};
use crate::support::server::{TestServer, parse, read_to_end};
use crate::support::{tiny, until};

/// Far shorter than the defaults, far longer than an exchange takes.
const SHORT: Duration = Duration::from_millis(300);

/// No test waits this long for the server.
const PATIENCE: Duration = Duration::from_secs(20);

const LIVEZ: &str = "GET /livez HTTP/1.1\r\nhost: a\r\n\r\n";

fn connect(server: &TestServer) -> TcpStream {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads one answer, whose body has a length, from a connection that stays open.
fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        read.push(byte[0]);
    }
    let length = parse(&read).headers["content-length"].to_str().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    read.extend(body);
    parse(&read)
}

/// Waits until the server closes the connection. Returns how long that took.
async fn closed_after(mut stream: TcpStream) -> Duration {
    let waiting = spawn_blocking(move || {
        let started = Instant::now();
        let mut rest = Vec::new();
        match stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
        started.elapsed()
    });
    waiting.await.unwrap()
}

/// Waits until the server has closed so many connections for this reason.
async fn until_closed(app: &TestApp, reason: &str, connections: u64) {
    let line = format!("strata_http_connections_closed_total{{reason=\"{reason}\"}}");
    let counted = until(async || app.metric(&line).await == connections as f64);
    tokio::time::timeout(PATIENCE, counted).await.unwrap();
}

#[tokio::test]
async fn connections_that_are_closed_are_counted_by_reason_from_0() {
    let app = TestApp::new(&config(tiny("sentence")));
    let server = TestServer::start(&app).await;
    let metrics = app.get("/metrics").await;
    for reason in
        ["idle", "head_timeout", "unread_answer", "discard", "evicted", "too_many_connections"]
    {
        let line = format!("strata_http_connections_closed_total{{reason=\"{reason}\"}} 0\n");
        assert!(metrics.text().contains(&line), "no {line}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_time_is_announced_and_is_longer_than_the_time_for_a_head() {
    let mut config = config(tiny("sentence"));
    config.http.header_timeout = SHORT;
    config.http.idle_timeout = Duration::from_secs(1);
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let mut stream = connect(&server);
    stream.write_all(LIVEZ.as_bytes()).unwrap();
    let answer = read_answer(&mut stream);
    assert_eq!(answer.headers["connection"], "keep-alive");
    assert_eq!(answer.headers["keep-alive"], "timeout=1");
    // Longer than a head may take.
    let mut kept = stream.try_clone().unwrap();
    kept.set_read_timeout(Some(2 * SHORT)).unwrap();
    assert_eq!(kept.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.write_all(LIVEZ.as_bytes()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    read_answer(&mut stream);
    assert!(closed_after(stream).await >= Duration::from_millis(900));
    until_closed(&app, "idle", 1).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_end_is_cut_off_however_its_bytes_come() {
    let mut config = config(tiny("sentence"));
    config.http.header_timeout = SHORT;
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let silent = connect(&server);
    let half = connect(&server);
    (&half).write_all(b"GET /livez HT").unwrap();
    // The second head of a connection, a byte at a time: each byte is progress, the head is late.
    let mut dribbling = connect(&server);
    dribbling.write_all(LIVEZ.as_bytes()).unwrap();
    read_answer(&mut dribbling);
    let mut sending = dribbling.try_clone().unwrap();
    spawn_blocking(move || {
        while sending.write_all(b"G").is_ok() {
            std::thread::sleep(SHORT / 20);
        }
    });
    for stream in [silent, half, dribbling] {
        closed_after(stream).await;
    }
    until_closed(&app, "head_timeout", 3).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_reads_is_cut_off() {
    let mut config = config(tiny("sentence"));
    config.http.progress_window = SHORT;
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    // Far more than the system buffers.
    let body = json!({"inputs": vec!["a ".repeat(60); 1024], "tokens": true}).to_string();
    let head = format!(
        "POST /embed HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let stream = server.begin(format!("{head}{body}").as_bytes());
    until_closed(&app, "unread_answer", 1).await;
    drop(stream);
    server.stop().await;
}

/// Sends all of a body before it reads, as Python's urllib and Node's fetch do.
async fn write_then_read(server: &TestServer, head: String, bytes: usize) -> Answer {
    let stream = connect(server);
    let sending = spawn_blocking(move || {
        let mut stream = stream;
        stream.write_all(head.as_bytes()).unwrap();
        let part = vec![b'a'; 64 * 1024];
        for _ in 0..bytes / part.len() {
            stream.write_all(&part).unwrap();
        }
        stream
    });
    parse(&read_to_end(sending.await.unwrap()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_all_of_a_refused_body_sees_the_status() {
    const BYTES: usize = 16 * 1024 * 1024;
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let json = "content-type: application/json\r\n";
    for (path, headers, status, code) in [
        ("/embed", json, 413, "body_too_large"),
        ("/embed", "content-type: text/plain\r\n", 415, "unsupported_media_type"),
        ("/nowhere", json, 404, "not_found"),
        ("/livez", json, 405, "method_not_allowed"),
        ("/embed", "content-type: application/json\r\nx-timeout-ms: x\r\n", 400, "invalid_header"),
    ] {
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: a\r\n{headers}content-length: {BYTES}\r\n\r\n");
        let answer = write_then_read(&server, head, BYTES).await;
        assert_eq!(answer.headers["connection"], "close");
        answer.problem(status, code, None);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discarding_is_bounded_in_bytes_and_in_time() {
    for (bytes, time) in [(1, PATIENCE), (u64::MAX, SHORT)] {
        let mut config = config(tiny("sentence"));
        (config.http.discard_bytes, config.http.discard_time) = (bytes, time);
        let app = TestApp::new(&config);
        let server = TestServer::start(&app).await;
        let mut stream = connect(&server);
        let head = "POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: 9000000\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        until(async || {
            // Once it is closed, the system refuses what is sent.
            let _ = stream.write_all(b"a");
            server.open.count() == 0
        })
        .await;
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_refused_body_does_not_cost_the_connection() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let mut stream = connect(&server);
    let refused = "POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(format!("{refused}{LIVEZ}").as_bytes()).unwrap();
    assert_eq!(read_answer(&mut stream).status, 404);
    assert_eq!(read_answer(&mut stream).status, 200);
    drop(stream);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_limit_the_longest_idle_connection_makes_room_and_else_there_is_a_503() {
    let mut config = config(tiny("sentence"));
    config.http.connections = at_least_one(2);
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let mut idle = connect(&server);
    idle.write_all(LIVEZ.as_bytes()).unwrap();
    read_answer(&mut idle);
    // The client may have its answer before the server sees that the connection is idle.
    until(async || server.open.idle() == 1).await;
    // Their heads are on the way, so they are not idle.
    let arriving = |count: usize| {
        let stream = connect(&server);
        (&stream).write_all(b"GET").unwrap();
        (stream, count)
    };
    let first = arriving(1);
    let second = arriving(2);
    closed_after(idle).await;
    until_closed(&app, "evicted", 1).await;
    // The new ones count as idle until their first bytes are read.
    until(async || server.open.idle() == 0).await;
    let answer = parse(&read_to_end(connect(&server)).await);
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "1");
    drop((first, second));
    server.stop().await;
}
