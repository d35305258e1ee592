//! Small bodies that ask for much tokenising: bounded, ended by deadline and departure.

use axum::http::Request;
use serde_json::{Value, json};

use crate::support::app::{TestApp, post};
use crate::support::server::TestServer;

/// A prompt of 65 kB in front of so many inputs: with 128, a body of 66 kB that asks for 8 MB of
/// tokenising, which takes seconds.
fn prompted(inputs: usize) -> Value {
    json!({"inputs": vec!["a"; inputs], "prompt": "word ".repeat(13_000)})
}

/// A request that is tokenised by the text threads too, but quickly.
fn medium() -> Value {
    json!({"inputs": vec!["word ".repeat(1_000); 4]})
}

/// Processor time of this process, in clock ticks of 10 ms.
fn processor_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

fn with_timeout(body: &Value, millis: u64) -> Request<axum::body::Body> {
    let mut request = post("/embed", body.to_string());
    request.headers_mut().insert("x-timeout-ms", millis.into());
    request
}

#[tokio::test]
async fn prompts_count_with_every_input() {
    let app = TestApp::tiny("sentence");
    let refused = app.post("/embed", prompted(1024)).await;
    let problem = refused.problem(422, "text_too_large", Some("/prompt"));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("the 1024 inputs have 66561024 bytes"), "{detail}");
    assert!(detail.contains("8388608"), "{detail}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokenising_ends_at_the_deadline() {
    let app = TestApp::tiny("sentence");
    let late = app.send(with_timeout(&prompted(128), 100)).await;
    late.problem(504, "deadline_exceeded", None);
    let before = processor_ticks();
    app.post("/embed", medium()).await.ok();
    assert!(processor_ticks() - before < 50, "{} ticks", processor_ticks() - before);
    assert_eq!(app.state.memory().used(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokenising_ends_when_the_client_leaves() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let body = prompted(128).to_string();
    let head = "POST /embed HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
    let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    let streams: Vec<_> = (0..8).map(|_| server.begin(request.as_bytes())).collect();
    let held = || app.state.memory().used();
    // All of them are being tokenised.
    while held() < 60_000_000 {
        tokio::task::yield_now().await;
    }
    drop(streams);
    while held() > 0 {
        tokio::task::yield_now().await;
    }
    let before = processor_ticks();
    app.post("/embed", medium()).await.ok();
    assert!(processor_ticks() - before < 50, "{} ticks", processor_ticks() - before);
    server.stop().await;
}
