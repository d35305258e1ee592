//! Stopping: what clients see in each stage, and how the process ends.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use strata::http::connection::Stage;
use tokio::task::spawn_blocking;

use crate::support::app::{TestApp, config};
use crate::support::process::Strata;
use crate::support::server::{TestServer, parse, read_to_end};
use crate::support::{tiny, until};

const LIVEZ: &[u8] = b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn after_sigterm_it_is_not_ready_but_serves_new_connections_for_the_delay() {
    let mut running = Strata::serve("sentence").env("STRATA_HTTP_STOP_DELAY_MS", "1500").start();
    let (readyz, embed) = (running.url("/readyz"), running.url("/embed"));
    let started = Instant::now();
    running.terminate();
    running.until_logged("stopping");
    assert_eq!(reqwest::get(&readyz).await.unwrap().status(), 503);
    for _ in 0..3 {
        // Each over a connection of its own, since each answer closes it.
        let client = reqwest::Client::new();
        let answer = client.post(&embed).json(&json!({"inputs": "a"})).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["connection"], "close");
        assert!(!answer.headers().contains_key("keep-alive"));
    }
    let (status, _, log) = spawn_blocking(|| running.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(started.elapsed() >= Duration::from_millis(1500));
    assert!(reqwest::get(&readyz).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_there_before_the_port_closes_is_served() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let mut fresh = TcpStream::connect(server.address).unwrap();
    let mut half = server.begin(&LIVEZ[..10]);
    until(async || server.open.idle() == 1).await;
    let address = server.address;
    let stopping = tokio::spawn(server.stop());
    until(async || TcpStream::connect(address).is_err()).await;
    fresh.write_all(LIVEZ).unwrap();
    half.write_all(&LIVEZ[10..]).unwrap();
    for stream in [fresh, half] {
        let answer = parse(&read_to_end(stream).await);
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["connection"]),
            (200, &"close".parse().unwrap())
        );
    }
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_stay_for_the_delay_and_are_closed_after_it() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let mut idle = server.begin(LIVEZ);
    until(async || server.open.idle() == 1 && app_answered(&app).await).await;
    server.advance(Stage::Delay);
    idle.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut read = Vec::new();
    let error = idle.read_to_end(&mut read).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "closed in the delay");
    idle.set_read_timeout(None).unwrap();
    server.stop().await;
    read_to_end(idle).await;
}

async fn app_answered(app: &TestApp) -> bool {
    let text = String::from_utf8(app.get("/metrics").await.body.to_vec()).unwrap();
    text.lines().any(|line| line.contains("route=\"/livez\"") && line.contains("status=\"200\""))
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_unread_answers_nor_endless_heads_nor_unread_bodies_hold_up_stopping() {
    let mut config = config(tiny("sentence"));
    let never = Duration::from_secs(600);
    config.http.progress_window = never;
    config.http.header_timeout = never;
    config.http.discard_time = never;
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let body = json!({"inputs": vec!["a ".repeat(60); 1024], "tokens": true}).to_string();
    let length = body.len();
    let head = format!(
        "POST /embed HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    let _unread = server.begin(format!("{head}{body}").as_bytes());
    let _head = server.begin(&LIVEZ[..10]);
    let refused = b"POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: 9000000\r\n\r\n";
    let _discarded = server.begin(refused);
    // The answer of `_unread` begins.
    let first = _unread.try_clone().unwrap();
    spawn_blocking(move || first.peek(&mut [0]).unwrap()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), server.stop()).await.unwrap();
}

/// The model is a named pipe that nobody writes, so that loading never ends.
#[test]
fn a_signal_while_loading_ends_the_process_at_once() {
    for signal in ["TERM", "INT"] {
        let model = tempfile::tempdir().unwrap();
        let pipe = model.path().join("config.json");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new(env!("CARGO_BIN_EXE_strata"))
            .args(["serve", "--port", &port.to_string(), "--model"])
            .arg(model.path())
            .current_dir(model.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It answers once it receives signals.
        let mut stream = loop {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
                break stream;
            }
        };
        stream.write_all(LIVEZ).unwrap();
        stream.read_exact(&mut [0; 12]).unwrap();
        let started = Instant::now();
        let kill = format!("kill -{signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
