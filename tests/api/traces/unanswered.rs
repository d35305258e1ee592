//! Requests that fail or whose client leaves: their spans and their lines in the log say how far they
//! came.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::{Value, json};
use strata::config::Config;
use strata::http::connection::Stage as StopStage;
use strata::telemetry::traces::{TraceOptions, Traces, Variables};
use tokio::task::JoinHandle;

use super::TEXT;
use crate::support::answer::Answer;
use crate::support::app::{TestApp, at_least_one, config, post};
use crate::support::collector::{Behaviour, Collector, number, text};
use crate::support::server::{TestServer, parse, read_to_end};
use crate::support::stage::{Fault, Stage};
use crate::support::{log, tiny};

/// Rounding of milliseconds in the log, to a microsecond in two numbers.
const ROUNDING_MS: f64 = 0.002;

/// A server whose engine waits for the test, and that sends its spans at once.
fn staged(config: &Config, collector: &Collector) -> (TestApp, Stage) {
    log::collect();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()),
        ("OTEL_BSP_SCHEDULE_DELAY", "10".to_owned()),
    ];
    let variables: Variables = variables.into_iter().collect();
    let traces = Traces::start(TraceOptions::read(&variables).unwrap()).unwrap();
    TestApp::staged_and_traced(config, traces)
}

fn sentence() -> Config {
    config(tiny("sentence"))
}

/// Sends a request in the background.
fn spawn(app: &TestApp, texts: &[&str]) -> JoinHandle<Answer> {
    let (app, body) = (app.clone(), json!({ "inputs": texts }));
    tokio::spawn(async move { app.post("/embed", body).await })
}

/// Sends a request of two texts with the id `r-1` and a time limit in milliseconds.
async fn send(app: &TestApp, timeout_ms: u64) -> Answer {
    let mut request = post("/embed", json!({"inputs": [TEXT, "a film"]}).to_string());
    request.headers_mut().insert("x-request-id", "r-1".parse().unwrap());
    request.headers_mut().insert("x-timeout-ms", timeout_ms.into());
    app.send(request).await
}

/// The same request as bytes, with one text.
fn bytes() -> Vec<u8> {
    let body = json!({ "inputs": TEXT }).to_string();
    let head = "POST /embed HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-request-id: r-1";
    let length = body.len();
    let head = format!("{head}\r\ncontent-type: application/json\r\ncontent-length: {length}");
    format!("{head}\r\n\r\n{body}").into_bytes()
}

/// The span of the request `r-1`, whose stages have to be these, one after the other until its end; the
/// line of the log has their times.
#[track_caller]
fn check(request: &Span, before: &[Span], expected: &[&str]) -> Value {
    let within = |span: &&Span| span.parent_span_id == request.span_id;
    let stages: Vec<_> = before.iter().filter(within).collect();
    assert_eq!(stages.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>(), expected);
    let lines = log::lines_of_request("r-1");
    let line = lines.into_iter().find(|line| line["total_ms"].is_number()).unwrap();
    let mut at = request.start_time_unix_nano;
    for stage in &stages {
        assert_eq!(stage.start_time_unix_nano, at, "{} follows none", stage.name);
        at = stage.end_time_unix_nano;
    }
    assert_eq!(at, request.end_time_unix_nano);
    for name in ["tokenize", "queue", "forward"] {
        let logged = line[format!("{name}_ms")].as_f64().unwrap();
        let stage = stages.iter().find(|stage| stage.name == name);
        let nanos = stage.map_or(0, |stage| stage.end_time_unix_nano - stage.start_time_unix_nano);
        assert!((nanos as f64 / 1e6 - logged).abs() < ROUNDING_MS, "{name}: {logged}");
    }
    for name in ["inputs", "tokens"] {
        let counted = number(&request.attributes, &format!("strata.{name}"));
        assert_eq!(line[name].as_i64(), counted, "{name}");
    }
    line
}

fn failed(request: &Span) -> bool {
    let status = request.status.clone().unwrap_or_default();
    status.code == StatusCode::Error as i32
}

#[tokio::test]
async fn a_deadline_that_passes_in_the_queue_ends_the_stage_queue() {
    let mut collector = Collector::start(Behaviour::Accept);
    let (app, mut stage) = staged(&sentence(), &collector);
    let computing = spawn(&app, &["a film"]);
    stage.pass().await;
    send(&app, 500).await.problem(504, "deadline_exceeded", None);
    let (request, before) = collector.until_request("r-1").await;
    let line = check(&request, &before, &["read", "tokenize", "queue"]);
    assert_eq!(text(&request.attributes, "error.type"), Some("deadline_exceeded"));
    assert!(failed(&request));
    assert_eq!((&line["code"], &line["inputs"]), (&"deadline_exceeded".into(), &2.into()));
    assert!(line["tokens"].as_u64().unwrap() > 4, "{line}");
    stage.open();
    computing.await.unwrap().ok();
}

#[tokio::test]
async fn a_full_queue_is_found_after_tokenising() {
    let mut config = sentence();
    config.batching.budget_tokens = at_least_one(8);
    config.batching.queue_tokens = at_least_one(32);
    let mut collector = Collector::start(Behaviour::Accept);
    let (app, mut stage) = staged(&config, &collector);
    let computing = spawn(&app, &["a film"]);
    stage.pass().await;
    // Five tokens each: there is room for one more token, and not for those of the request.
    let waiting = spawn(&app, &["a good film"; 5]);
    app.until_waiting(5).await;
    send(&app, 60_000).await.problem(429, "queue_full", None);
    let (request, before) = collector.until_request("r-1").await;
    let line = check(&request, &before, &["read", "tokenize"]);
    assert!(!failed(&request));
    assert_eq!(text(&request.attributes, "strata.code"), Some("queue_full"));
    assert_eq!((&line["code"], &line["inputs"]), (&"queue_full".into(), &2.into()));
    assert!(line["tokens"].as_u64().unwrap() > 4, "{line}");
    stage.open();
    computing.await.unwrap().ok();
    waiting.await.unwrap().ok();
}

#[tokio::test]
async fn a_failing_engine_ends_the_stage_forward() {
    let mut collector = Collector::start(Behaviour::Accept);
    let (app, stage) = staged(&sentence(), &collector);
    stage.fault(Fault::Broken);
    stage.open();
    send(&app, 60_000).await.problem(500, "internal", None);
    let (request, before) = collector.until_request("r-1").await;
    let line = check(&request, &before, &["read", "tokenize", "queue", "forward"]);
    assert!(failed(&request));
    assert_eq!((&line["level"], &line["inputs"]), (&"ERROR".into(), &2.into()));
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_stage_that_it_waits_for() {
    let mut collector = Collector::start(Behaviour::Accept);
    let (app, mut stage) = staged(&sentence(), &collector);
    let server = TestServer::start(&app).await;
    let leaving = server.begin(&bytes());
    stage.pass().await;
    drop(leaving);
    let (left, before) = collector.until_request("r-1").await;
    let line = check(&left, &before, &["read", "tokenize", "queue", "forward"]);
    assert_eq!(text(&left.attributes, "error.type"), Some("cancelled"));
    assert_eq!(number(&left.attributes, "http.response.status_code"), None);
    assert_eq!(line["message"], "the client left before its response");
    assert!(line["status"].is_null(), "{line}");
    stage.open();
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_ends_the_stage_of_a_request_that_it_gives_up() {
    let mut collector = Collector::start(Behaviour::Accept);
    let (app, mut stage) = staged(&sentence(), &collector);
    let server = TestServer::start(&app).await;
    let given_up = server.begin(&bytes());
    stage.pass().await;
    server.advance(StopStage::Expired);
    parse(&read_to_end(given_up).await).problem(503, "draining", None);
    let (request, before) = collector.until_request("r-1").await;
    check(&request, &before, &["read", "tokenize", "queue", "forward"]);
    assert!(failed(&request));
    stage.open();
    server.stop().await;
}

#[tokio::test]
async fn tokens_of_a_failed_request_are_not_counted_as_computed() {
    let mut collector = Collector::start(Behaviour::Accept);
    let (app, stage) = staged(&sentence(), &collector);
    stage.fault(Fault::Broken);
    stage.open();
    send(&app, 60_000).await.problem(500, "internal", None);
    let (request, _) = collector.until_request("r-1").await;
    assert!(number(&request.attributes, "strata.tokens").unwrap() > 4);
    let metrics = app.get("/metrics").await;
    assert!(metrics.text().contains("\nstrata_http_tokens_total 0\n"), "{}", metrics.text());
}
