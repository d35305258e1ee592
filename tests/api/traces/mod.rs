//! Traces over OTLP, with the real binary and a collector that decodes what it gets.

mod contents;
mod losses;
mod sampling;
mod spans;
mod unanswered;
mod variables;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::metrics::Scrape;
use crate::support::process::{Running, Strata};

const TEXT: &str = "a xylophone";
/// The caller's trace and span.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// A server that sends its spans at once to `endpoint`, and logs JSON.
fn serve(endpoint: &str) -> Strata {
    Strata::serve("sentence")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .env("OTEL_BSP_SCHEDULE_DELAY", "10")
        .env("STRATA_LOG_FORMAT", "json")
}

/// The header `traceparent` of the caller.
fn traceparent(trace: &str, sampled: bool) -> String {
    format!("00-{trace}-{SPAN}-0{}", u8::from(sampled))
}

/// A request for an embedding, with an id.
fn embed(running: &Running, id: &str) -> RequestBuilder {
    let request = Client::new().post(running.url("/embed")).header("x-request-id", id);
    request.json(&json!({"inputs": [TEXT, "a film"], "recipe": "native"}))
}

/// Sends a request that has to succeed.
async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap().error_for_status().unwrap()
}

/// How many spans were exported, failed and dropped.
async fn counted(running: &Running) -> [f64; 3] {
    let scrape = Scrape::fetch(running).await;
    ["exported", "failed", "dropped"]
        .map(|outcome| scrape.sum("strata_traces_spans_total", &[("outcome", outcome)]))
}

/// The lines of a log in JSON.
fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The line of the request with this id.
#[track_caller]
fn line_of(log: &[Value], id: &str) -> Value {
    let mut found = log.iter().filter(|line| line["request_id"] == id);
    let line = found.next().unwrap_or_else(|| panic!("no line of {id}"));
    assert!(found.next().is_none(), "several lines of {id}");
    line.clone()
}
