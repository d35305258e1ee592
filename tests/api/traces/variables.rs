//! The variables `OTEL_…` that are obeyed, and those that are refused.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::{embed, send, serve};
use crate::support::collector::{Behaviour, Collector};
use crate::support::process::Strata;

#[tokio::test]
async fn address_headers_and_compression_of_traces_are_preferred_to_those_of_all_signals() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = serve("http://localhost:1/nowhere")
        .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("{}/a/path", collector.url()))
        .env("OTEL_EXPORTER_OTLP_HEADERS", "x-other=1")
        .env("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "api-key=xylophone%2C1, x-tenant = a")
        .env("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        .env("OTEL_PROPAGATORS", "tracecontext,baggage")
        .start();
    send(embed(&running, "r-1")).await;
    let export = collector.next().await;
    assert_eq!(export.path, "/a/path");
    assert_eq!(export.headers["content-encoding"], "gzip");
    // The collector has decoded it.
    assert_eq!(export.spans().next().unwrap().name, "read");
    assert_eq!(export.headers["api-key"], "xylophone,1");
    assert_eq!(export.headers["x-tenant"], "a");
    assert!(!export.headers.contains_key("x-other"));
    running.terminate();
    let (_, _, log) = running.wait();
    assert!(log.contains("traces are sent"), "{log}");
    assert!(!log.contains("xylophone"), "{log}");
}

#[tokio::test]
async fn compression_may_be_turned_off_for_traces() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = serve(&collector.url())
        .env("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
        .env("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "None")
        .start();
    send(embed(&running, "r-1")).await;
    let export = collector.next().await;
    assert!(!export.headers.contains_key("content-encoding"));
    assert_eq!(export.spans().next().unwrap().name, "read");
}

#[tokio::test]
async fn the_address_of_all_signals_may_have_a_path_and_a_query() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = serve(&format!("{}/base/?token=xylophone", collector.url())).start();
    send(embed(&running, "r-1")).await;
    let export = collector.next().await;
    assert_eq!(export.path, "/base/v1/traces");
    assert_eq!(export.query.as_deref(), Some("token=xylophone"));
    running.terminate();
    let (_, _, log) = running.wait();
    assert!(log.contains("/base/v1/traces") && !log.contains("xylophone"), "{log}");
}

/// The line with which a server refuses to start.
#[track_caller]
fn refused(variables: &[(&str, &str)]) -> String {
    let mut server = serve("http://localhost:4318");
    for (name, value) in variables {
        server = server.env(name, value);
    }
    let output = server.output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    let line: serde_json::Value = serde_json::from_str(&said).unwrap();
    line["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_value_that_cannot_be_obeyed_is_refused_by_the_name_of_its_variable() {
    for (name, value, advice) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "only http/protobuf is supported"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "only http/protobuf is supported"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "gzip and none are allowed"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "it must be 1 to 600000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "0", "it must be 1 to 600000"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "-1", "it must be 1 to 600000"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many", "it must be 1 to 1000000"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2049", "it must be 1 to 2048"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote", "always_on, always_off and traceidratio"),
        ("OTEL_TRACES_EXPORTER", "console", "otlp and none are allowed"),
        ("OTEL_PROPAGATORS", "b3", "it must list tracecontext"),
        ("OTEL_SDK_DISABLED", "yes", "true and false are allowed"),
    ] {
        let line = refused(&[(name, value)]);
        assert!(line.starts_with(&format!("{name} is \"{value}\"; {advice}")), "{line}");
    }
    for ratio in ["1.5", "-0.1", "NaN", "half"] {
        let sampler = ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
        let line = refused(&[sampler, ("OTEL_TRACES_SAMPLER_ARG", ratio)]);
        let expected = format!("OTEL_TRACES_SAMPLER_ARG is \"{ratio}\"; it must be 0 to 1");
        assert_eq!(line, expected);
    }
    let line = refused(&[("OTEL_CONFIG_FILE", "otel.yaml")]);
    assert_eq!(line, "OTEL_CONFIG_FILE is set, but can't be obeyed; unset it");
}

#[test]
fn what_may_be_secret_is_refused_without_being_quoted() {
    for (name, value, found) in [
        ("OTEL_EXPORTER_OTLP_HEADERS", "xylophone", "has no key=value in entry 1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,b c=xylophone", "has no valid header in entry 2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=xylophone%0A", "has no valid header in entry 1"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=xylophone%", "has a % without two hexadecimal digits"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=1,=xylophone", "has no key=value in entry 2"),
        ("OTEL_RESOURCE_ATTRIBUTES", "xylophone%=1", "has a % without two hexadecimal digits"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:xylophone@localhost:4318", "has a user"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://xylophone", "begins with https"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "is not a URL"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:xylophone", "has an invalid port"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost#xylophone", "has a fragment"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://xylophone", "is not a URL"),
    ] {
        let line = refused(&[(name, value)]);
        assert!(line.starts_with(&format!("{name} {found}")), "{line}");
        assert!(!line.contains("xylophone"), "{line}");
    }
}

#[tokio::test]
async fn nothing_else_is_read_where_traces_are_off() {
    for (has_endpoint, name, value) in [
        (true, "OTEL_SDK_DISABLED", &b"true"[..]),
        (true, "OTEL_TRACES_EXPORTER", b"none"),
        (false, "OTEL_SDK_DISABLED", b"1"),
        (false, "OTEL_TRACES_EXPORTER", b"console"),
        (false, "OTEL_TRACES_EXPORTER", b"otlp"),
        (false, "OTEL_RESOURCE_ATTRIBUTES", b"a=\xff"),
    ] {
        let server = if has_endpoint { serve("nonsense") } else { Strata::serve("sentence") };
        let server = server.env_os(name, OsStr::from_bytes(value));
        let running = server.env("OTEL_TRACES_SAMPLER", "nonsense").start();
        send(embed(&running, "r-1")).await;
        let named = |thread: &String| thread.starts_with("OpenTelemetry");
        assert!(!running.threads().iter().any(named));
    }
}
