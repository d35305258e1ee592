//! What spans have of what clients send: ids of traces, and nothing that a client made up.

use axum::http::Method;
use opentelemetry_proto::tonic::trace::v1::Span;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use strata::keys::Sha256Hash;

use super::{SPAN, TEXT, TRACE, embed, line_of, lines, send, serve, traceparent};
use crate::support::collector::{Behaviour, Collector, text};
use crate::support::process::Running;

const KEY: &str = "strata_a-key-with-a-xylophone";
const UNKNOWN_KEY: &str = "strata_another-xylophone";

/// A server that needs a key.
fn with_keys(collector: &Collector) -> Running {
    let sha256 = Sha256Hash::of_key(KEY.as_bytes()).to_hex();
    serve(&collector.url())
        .file("keys.toml", &format!("[first]\nsha256 = '{sha256}'\n"))
        .env("STRATA_AUTH_KEYS_FILE", "keys.toml")
        .start()
}

fn post(running: &Running, path: &str, body: &Value) -> RequestBuilder {
    Client::new().post(running.url(path)).bearer_auth(KEY).json(body)
}

#[tokio::test]
async fn nothing_that_a_client_made_up_is_in_a_span() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = with_keys(&collector);
    let word = Method::from_bytes(b"XYLOPHONE").unwrap();
    let one = json!({ "inputs": TEXT });
    let requests = [
        (200, post(&running, "/embed", &json!({"inputs": [TEXT], "recipe": "native"}))),
        (200, post(&running, "/embed?xylophone=xylophone", &one)),
        (200, post(&running, "/embed", &one).header("x-xylophone", "xylophone")),
        (422, post(&running, "/embed", &json!({"inputs": TEXT, "recipe": "xylophone"}))),
        (422, post(&running, "/classify", &json!({"inputs": TEXT, "heads": ["xylophone"]}))),
        (400, post(&running, "/embed", &json!({"inputs": TEXT, "xylophone": 1}))),
        (400, post(&running, "/embed", &one).body("xylophone")),
        (400, post(&running, "/embed", &one).header("x-timeout-ms", "xylophone")),
        (404, post(&running, "/xylophone", &one)),
        (405, Client::new().request(word, running.url("/embed")).bearer_auth(KEY)),
        (401, Client::new().post(running.url("/embed")).bearer_auth(UNKNOWN_KEY).json(&one)),
    ];
    let count = requests.len();
    for (at, (status, request)) in requests.into_iter().enumerate() {
        let answer = request.header("x-request-id", format!("r-{at}")).send().await.unwrap();
        assert_eq!(answer.status(), status, "r-{at}: {}", answer.text().await.unwrap());
    }
    running.terminate();
    let (status, _, log) = running.wait();
    assert!(status.success());
    assert!(!log.contains("xylophone"), "{log}");
    let mut recorded = 0;
    while let Some(export) = collector.try_next() {
        let is_request = |span: &&Span| text(&span.attributes, "strata.request_id").is_some();
        recorded += export.spans().filter(is_request).count();
        let sent = format!("{:?}", export.request).to_lowercase();
        assert!(!sent.contains("xylophone"), "{sent}");
    }
    assert_eq!(recorded, count);
}

#[tokio::test]
async fn a_refused_key_is_recorded_in_the_trace_of_its_caller() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = with_keys(&collector);
    let request = Client::new().post(running.url("/embed")).bearer_auth(UNKNOWN_KEY);
    let request = request.header("traceparent", traceparent(TRACE, true));
    let answer = request.header("x-request-id", "r-1").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let (refused, before) = collector.until_request("r-1").await;
    assert!(before.is_empty(), "nothing was read: {before:?}");
    assert_eq!(hex::encode(&refused.trace_id), TRACE);
    assert_eq!(hex::encode(&refused.parent_span_id), SPAN);
    assert_eq!(text(&refused.attributes, "strata.code"), Some("unauthorized"));
    running.terminate();
    let (_, _, log) = running.wait();
    let line = line_of(&lines(&log), "r-1");
    assert_eq!((&line["trace_id"], &line["code"]), (&TRACE.into(), &"unauthorized".into()));
    assert_eq!(line["span_id"], hex::encode(&refused.span_id));
}

#[tokio::test]
async fn a_trace_goes_on_without_a_state_that_cannot_be_used() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = serve(&collector.url()).start();
    let long = format!("a={}", "x".repeat(511));
    for (at, state) in ["no entry", "A=upper case", "a=1,b", &long].into_iter().enumerate() {
        let id = format!("r-{at}");
        let request = embed(&running, &id).header("traceparent", traceparent(TRACE, true));
        send(request.header("tracestate", state)).await;
        let (request, _) = collector.until_request(&id).await;
        assert_eq!(hex::encode(&request.trace_id), TRACE, "{state}");
        assert_eq!(request.trace_state, "", "{state}");
    }
}

#[tokio::test]
async fn the_admin_port_records_documents_and_no_probes() {
    let mut collector = Collector::start(Behaviour::Accept);
    let server = serve(&collector.url()).env("STRATA_ADMIN_ADDRESS", "127.0.0.1:0");
    let mut running = server.start();
    let log = lines(&running.until_logged("metrics and docs are served here"));
    let address = log.last().unwrap()["address"].as_str().unwrap().to_owned();
    for path in ["/metrics", "/tei/metrics", "/health", "/livez", "/readyz", "/openapi.yaml"] {
        let request = Client::new().get(format!("http://{address}{path}"));
        send(request.header("x-request-id", path)).await;
    }
    let (document, before) = collector.until_request("/openapi.yaml").await;
    assert_eq!(document.name, "GET /openapi.yaml");
    assert!(before.is_empty(), "{before:?}");
}
