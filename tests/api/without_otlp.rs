//! A build without the feature `otlp`.

use crate::support::process::Strata;

#[test]
fn an_endpoint_is_refused_with_the_reason() {
    let server = Strata::serve("sentence").env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1");
    let output = server.output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(
        said,
        "error: OTEL_EXPORTER_OTLP_ENDPOINT is set, but this build can't send traces; build it with \
         the cargo feature otlp, or set OTEL_TRACES_EXPORTER to none\n"
    );
}

#[test]
fn without_an_endpoint_it_serves() {
    for variable in ["OTEL_SERVICE_NAME", "OTEL_EXPORTER_OTLP_ENDPOINT"] {
        let server = Strata::serve("sentence").env(variable, "a");
        server.env("OTEL_TRACES_EXPORTER", "none").start();
    }
}
