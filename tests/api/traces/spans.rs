//! The spans of a request.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::json;

use super::{SPAN, TEXT, TRACE, embed, line_of, lines, send, serve, traceparent};
use crate::support::collector::{Behaviour, Collector, number, text};
use crate::support::process::Strata;

fn named<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    let mut found = spans.iter().filter(|span| span.name == name);
    let span = found.next().unwrap_or_else(|| panic!("no span {name}"));
    assert!(found.next().is_none(), "several spans {name}");
    span
}

#[tokio::test]
async fn a_request_is_a_span_within_that_of_its_caller_with_a_span_per_stage_in_it() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = serve(&collector.url()).start();
    let request = embed(&running, "r-1").header("traceparent", traceparent(TRACE, true));
    send(request.header("tracestate", "vendor=1,other=2")).await;
    let (request, stages) = collector.until_request("r-1").await;

    assert_eq!(request.name, "POST /embed");
    assert_eq!(hex::encode(&request.trace_id), TRACE);
    assert_eq!(hex::encode(&request.parent_span_id), SPAN);
    assert_eq!(request.trace_state, "vendor=1,other=2");
    assert_eq!(request.kind, SpanKind::Server as i32);
    let attributes = &request.attributes;
    for (key, expected) in [
        ("http.request.method", "POST"),
        ("http.route", "/embed"),
        ("url.path", "/embed"),
        ("url.scheme", "http"),
    ] {
        assert_eq!(text(attributes, key), Some(expected), "{key}");
    }
    assert_eq!(text(attributes, "error.type"), None);
    assert_eq!(number(attributes, "http.response.status_code"), Some(200));
    assert_eq!(number(attributes, "strata.inputs"), Some(2));
    assert!(number(attributes, "strata.tokens").unwrap() > 4);

    let names: BTreeSet<_> = stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["forward", "queue", "read", "tokenize", "respond"].into());
    assert_eq!(stages.len(), names.len());
    let mut at = request.start_time_unix_nano;
    for name in ["read", "tokenize", "queue", "forward", "respond"] {
        let stage = named(&stages, name);
        assert_eq!((&stage.trace_id, &stage.parent_span_id), (&request.trace_id, &request.span_id));
        assert_eq!(stage.kind, SpanKind::Internal as i32);
        assert_eq!(stage.start_time_unix_nano, at, "{name} doesn't follow the stage before");
        assert!(stage.end_time_unix_nano >= at, "{name}");
        at = stage.end_time_unix_nano;
    }
    assert_eq!(at, request.end_time_unix_nano);
    assert_eq!(number(&named(&stages, "forward").attributes, "strata.passes"), Some(1));

    running.terminate();
    let (status, _, log) = running.wait();
    assert!(status.success());
    let log = lines(&log);
    let line = line_of(&log, "r-1");
    assert_eq!(line["trace_id"], TRACE);
    assert_eq!(line["span_id"], hex::encode(&request.span_id));
    // Its other numbers are those of the log.
    let millis = |span: &Span| (span.end_time_unix_nano - span.start_time_unix_nano) as f64 / 1e6;
    for name in ["tokenize", "queue", "forward"] {
        let logged = line[format!("{name}_ms")].as_f64().unwrap();
        assert!((millis(named(&stages, name)) - logged).abs() < 0.002, "{name}");
    }
}

#[tokio::test]
async fn without_a_caller_a_trace_begins_here_and_describes_the_server() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = serve(&collector.url())
        .env(
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment%2Eenvironment.name=a%20test,service.name=other",
        )
        .env("OTEL_SERVICE_NAME", "encoder")
        .start();
    send(embed(&running, "r-1")).await;
    let export = collector.next().await;
    assert_eq!(export.path, "/v1/traces");
    assert_eq!(export.headers["content-type"], "application/x-protobuf");
    let resource = export.resource();
    assert_eq!(text(resource, "service.name"), Some("encoder"));
    assert_eq!(text(resource, "service.version"), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(text(resource, "deployment.environment.name"), Some("a test"));
    assert_eq!(text(resource, "telemetry.sdk.language"), Some("rust"));
    assert_eq!(text(resource, "service.instance.id").unwrap().len(), 36);
    send(embed(&running, "r-2")).await;
    let (request, before) = collector.until_request("r-2").await;
    assert_eq!((request.name.as_str(), request.parent_span_id.len()), ("POST /embed", 0));
    let within = before.iter().filter(|span| span.parent_span_id == request.span_id);
    let traces: BTreeSet<_> = within.map(|span| &span.trace_id).collect();
    assert_eq!(traces, [&request.trace_id].into());
    assert_ne!(Some(request.trace_id), export.spans().map(|span| span.trace_id.clone()).next());
}

#[tokio::test]
async fn a_refused_request_has_its_code_and_a_probe_has_no_span() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = serve(&collector.url()).start();
    let client = reqwest::Client::new();
    let parent = traceparent(TRACE, true);
    for path in ["/readyz", "/health", "/metrics"] {
        let probe = client.get(running.url(path)).header("x-request-id", "probe");
        send(probe.header("traceparent", &parent)).await;
    }
    let path = "/xylophone?q=xylophone";
    let unknown = client.get(running.url(path)).header("x-request-id", "r-0");
    assert_eq!(unknown.send().await.unwrap().status(), 404);
    let empty = client.post(running.url("/embed")).header("x-request-id", "r-1");
    let empty = empty.json(&json!({"inputs": []})).send().await.unwrap();
    assert_eq!(empty.status(), 422);
    let (refused, before) = collector.until_request("r-1").await;
    assert_eq!(text(&refused.attributes, "strata.code"), Some("empty_inputs"));
    assert_eq!(number(&refused.attributes, "http.response.status_code"), Some(422));
    // A client's mistake is no error of the server.
    let status = refused.status.unwrap_or_default();
    assert_eq!(status.code, StatusCode::Unset as i32);
    assert_eq!(text(&refused.attributes, "error.type"), None);
    let [unknown] = &before[..] else { panic!("not one span: {before:?}") };
    assert_eq!((unknown.name.as_str(), unknown.attributes.len()), ("GET", 5));
    assert_eq!(text(&unknown.attributes, "strata.code"), Some("not_found"));
    assert!(!format!("{unknown:?}").contains("xylophone"), "{unknown:?}");
}

#[tokio::test]
async fn the_source_of_a_comparison_counts_as_an_input() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = serve(&collector.url()).start();
    let inputs = json!({"source_sentence": TEXT, "sentences": ["a film", "a good film"]});
    let request = reqwest::Client::new().post(running.url("/tei/similarity"));
    let request = request.json(&json!({ "inputs": inputs })).header("x-request-id", "r-1");
    send(request).await;
    let (request, stages) = collector.until_request("r-1").await;
    assert_eq!(number(&request.attributes, "strata.inputs"), Some(3));
    let names: Vec<_> = stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["read", "tokenize", "queue", "forward", "respond"]);
}

#[tokio::test]
async fn the_scheme_is_that_of_the_client_and_the_method_one_of_the_standard() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = serve(&collector.url()).env("STRATA_HTTP_TRUSTED_PROXIES", "127.0.0.1").start();
    let client = reqwest::Client::new();
    let request = client.request(reqwest::Method::TRACE, running.url("/embed"));
    let request = request.header("x-forwarded-proto", "https").header("x-request-id", "r-1");
    assert_eq!(request.send().await.unwrap().status(), 405);
    let (span, _) = collector.until_request("r-1").await;
    assert_eq!(span.name, "TRACE /embed");
    assert_eq!(text(&span.attributes, "http.request.method"), Some("TRACE"));
    assert_eq!(text(&span.attributes, "url.scheme"), Some("https"));
}

#[tokio::test]
async fn without_an_endpoint_the_log_has_the_trace_of_the_caller() {
    let running = Strata::serve("sentence").env("STRATA_LOG_FORMAT", "json").start();
    send(embed(&running, "r-1").header("traceparent", traceparent(TRACE, true))).await;
    send(embed(&running, "r-2").header("traceparent", "00-nonsense")).await;
    send(embed(&running, "r-3")).await;
    running.terminate();
    let (_, _, log) = running.wait();
    let log = lines(&log);
    assert_eq!(line_of(&log, "r-1")["trace_id"], TRACE);
    assert!(line_of(&log, "r-1")["span_id"].is_null());
    for id in ["r-2", "r-3"] {
        assert!(line_of(&log, id)["trace_id"].is_null());
    }
}
