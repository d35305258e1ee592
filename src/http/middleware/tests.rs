//! The log line of a response.

use axum::routing::get;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::http::text_pool::TextPool;
use crate::telemetry::logs::{LogFilter, LogFormat, subscriber};
use crate::telemetry::written::Written;

const TEXT: &str = "a xylophone";

/// The status of the answer to a request with the id `r-1`, and the lines of its log.
async fn answered<H: axum::handler::Handler<T, ()>, T: 'static>(
    handler: H,
) -> (StatusCode, Vec<Value>) {
    let written = Written::default();
    let (writer, filter) = (written.clone(), LogFilter::parse("warn").unwrap());
    let log = subscriber(LogFormat::Json, &filter, false, move || writer.clone());
    let _log = tracing::subscriber::set_default(log);
    let routes = around(Router::new().route("/", get(handler)), Observer::default());
    let request = Request::get("/")
        .header(header::HOST, "a")
        .header(REQUEST_ID, "r-1")
        .body(Body::empty())
        .unwrap();
    let response = routes.oneshot(request).await.unwrap();
    let (text, line) = (written.text(), |line| serde_json::from_str(line).unwrap());
    assert!(!text.contains(TEXT), "{text}");
    (response.status(), text.lines().map(line).collect())
}

/// The cause in the one line that is logged for a failing handler.
async fn logged_cause<H: axum::handler::Handler<T, ()>, T: 'static>(handler: H) -> String {
    let (status, lines) = answered(handler).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let [line] = &lines[..] else { panic!("not one line: {lines:?}") };
    assert_eq!(line["request_id"], "r-1");
    assert_eq!((&line["level"], &line["code"]), (&"ERROR".into(), &"internal".into()));
    assert_eq!(line["status"], 500);
    line["cause"].as_str().unwrap().to_owned()
}

async fn panics() -> StatusCode {
    panic!("in {TEXT}")
}

async fn panics_off_the_runtime() -> Result<String, ApiError> {
    let pool = TextPool::start(1).map_err(ApiError::internal)?;
    let deadline = std::time::Instant::now() + Duration::from_secs(3600);
    pool.run(true, deadline, || panic!("in {TEXT}")).await
}

#[tokio::test]
async fn the_panic_of_a_handler_is_logged_once_with_its_place_and_without_its_message() {
    let cause = logged_cause(panics).await;
    assert!(cause.starts_with("the handler panicked at src/http/"), "{cause}");
}

#[tokio::test]
async fn a_panic_on_a_text_thread_is_logged_once_without_its_message() {
    let cause = logged_cause(panics_off_the_runtime).await;
    assert!(cause.starts_with("work on a text thread panicked at src/http/"), "{cause}");
}

#[tokio::test]
async fn an_internal_error_is_logged_once_with_its_sources() {
    let inner = std::io::Error::other("a disk on fire");
    let failed = crate::batching::Failed::Engine {
        index: 3,
        cause: crate::batching::EngineError::Failed(inner.into()),
    };
    let error = ApiError::from(failed);
    let cause = logged_cause(async move || -> Result<(), _> { Err(error) }).await;
    assert_eq!(cause, "sequence 3 could not be computed: a disk on fire");
}

#[tokio::test]
async fn a_500_without_a_cause_is_logged_too() {
    let cause = logged_cause(async || StatusCode::INTERNAL_SERVER_ERROR).await;
    assert_eq!(cause, "the handler gave no cause");
}

#[tokio::test]
async fn a_failure_that_is_not_the_servers_is_logged_below_warn() {
    let handler = async || -> Result<(), _> { Err(ApiError::DeadlineExceeded) };
    assert_eq!(answered(handler).await, (StatusCode::GATEWAY_TIMEOUT, Vec::new()));
}

#[tokio::test]
async fn a_request_whose_client_leaves_has_a_line_too() {
    let written = Written::default();
    let (writer, filter) = (written.clone(), LogFilter::parse("info").unwrap());
    let log = subscriber(LogFormat::Json, &filter, false, move || writer.clone());
    let _log = tracing::subscriber::set_default(log);
    let routes =
        around(Router::new().route("/slow", get(std::future::pending::<()>)), Observer::default());
    let request = Request::get("/slow")
        .header(header::HOST, "a")
        .header(REQUEST_ID, "r-1")
        .body(Body::empty())
        .unwrap();
    // hyper drops the response's future when the client disconnects.
    let response = tokio::time::timeout(Duration::ZERO, routes.oneshot(request)).await;
    assert!(response.is_err());
    let line: Value = serde_json::from_str(&written.text()).unwrap();
    assert_eq!((&line["request_id"], &line["route"]), (&"r-1".into(), &"/slow".into()));
    assert_eq!(line["message"], "the client left before its response");
}

#[tokio::test]
async fn a_method_that_is_no_standard_one_is_not_repeated_in_the_log() {
    let written = Written::default();
    let (writer, filter) = (written.clone(), LogFilter::parse("info").unwrap());
    let log = subscriber(LogFormat::Json, &filter, false, move || writer.clone());
    let _log = tracing::subscriber::set_default(log);
    let routes = around(Router::new().route("/", get(async || ())), Observer::default());
    let method = "X".repeat(50_000);
    let request = Request::builder().method(method.as_str()).uri("/").header(header::HOST, "a");
    let response = routes.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    let line: Value = serde_json::from_str(&written.text()).unwrap();
    assert_eq!(line["method"], "other");
    assert!(written.text().len() < 1_000, "{}", written.text().len());
}

#[tokio::test]
async fn probes_are_logged_at_debug() {
    for (level, lines) in [("info", 1), ("debug", 5)] {
        let written = Written::default();
        let (writer, filter) = (written.clone(), LogFilter::parse(level).unwrap());
        let log = subscriber(LogFormat::Json, &filter, false, move || writer.clone());
        let _log = tracing::subscriber::set_default(log);
        let paths = ["/health", "/livez", "/readyz", "/metrics", "/embed"];
        let routes = paths.iter().fold(Router::new(), |r, path| r.route(path, get(async || ())));
        let routes = around(routes, Observer::default());
        for path in paths {
            let request = Request::get(path).header(header::HOST, "a").body(Body::empty()).unwrap();
            routes.clone().oneshot(request).await.unwrap();
        }
        let text = written.text();
        assert_eq!(text.lines().count(), lines, "{text}");
    }
}
