//! Around every answer: its id, its timings, its problem details, its line in the log.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tracing::Instrument;
use uuid::Uuid;

use super::error::ApiError;
use super::pipeline::StageTimings;
use crate::telemetry::panics;

/// The header that carries a request's id, in and out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The longest id that is taken over from a client.
const REQUEST_ID_BYTES: usize = 128;

/// Bytes of all header names and values together.
const HEADER_BYTES: usize = 16 * 1024;

/// Puts the middleware around `routes`.
pub fn around(routes: Router) -> Router {
    let middleware = ServiceBuilder::new()
        .layer(from_fn(check_request_id))
        .layer(SetRequestIdLayer::new(REQUEST_ID, RandomId))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(from_fn(observe));
    routes.layer(middleware)
}

/// Gives requests that bring no id a random one.
#[derive(Clone, Copy)]
struct RandomId;

impl MakeRequestId for RandomId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        HeaderValue::from_str(&Uuid::new_v4().to_string()).ok().map(RequestId::new)
    }
}

/// Takes out an id that is too long or not plain text, so that a random one takes its place: it
/// goes into the log.
async fn check_request_id(mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    let fine = headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok()).is_some_and(|id| {
        (1..=REQUEST_ID_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
    });
    if !fine {
        headers.remove(&REQUEST_ID);
    }
    next.run(request).await
}

/// Checks the size of the headers, times the request, catches a handler's panic, writes problem
/// details, and logs one line. What handler and batcher log lies in a span with the request's id.
async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let method = request.method().clone();
    // The route, not the address: an address may hold anything.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let mut response = if header_bytes(request.headers()) > HEADER_BYTES {
        ApiError::HeadersTooLarge(HEADER_BYTES).into_response()
    } else {
        // Of the highest level, so that no filter that lets a line through leaves out its id.
        let span = tracing::error_span!("request", request_id = %id);
        catch_panic(next.run(request)).instrument(span).await
    };
    let error = response.extensions_mut().remove::<ApiError>().or_else(|| {
        let unexplained = response.status() == StatusCode::INTERNAL_SERVER_ERROR;
        unexplained.then(|| ApiError::internal("the handler gave no cause"))
    });
    if let Some(error) = &error {
        write_problem(&mut response, error, &id);
    }
    let total = started.elapsed();
    let timings = response.extensions().get::<StageTimings>().copied().unwrap_or_default();
    if let Ok(value) = HeaderValue::from_str(&server_timing(&timings, total)) {
        response.headers_mut().insert(SERVER_TIMING, value);
    }
    let cause = error.as_ref().and_then(ApiError::cause);
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(
                request_id = %id,
                %method,
                route = route.as_deref().unwrap_or("none"),
                status = response.status().as_u16(),
                code = error.as_ref().map(|error| error.row().1),
                cause,
                tokens = timings.tokens,
                tokenize_ms = millis(timings.tokenize),
                queue_ms = millis(timings.queue),
                forward_ms = millis(timings.forward),
                total_ms = millis(total),
                "request"
            )
        };
    }
    // A client's mistake, a full queue or a missed deadline is no error of the server.
    if cause.is_some() {
        log!(error)
    } else {
        log!(info)
    }
    response
}

/// The response, or an internal error if its handler panics. The panic's message may quote an
/// input, so that it is neither printed nor kept.
async fn catch_panic(response: impl Future<Output = Response>) -> Response {
    let mut response = pin!(response);
    poll_fn(|context| match panics::catch(|| response.as_mut().poll(context)) {
        Ok(poll) => poll,
        Err(panicked) => {
            let error = ApiError::internal(format!("the handler {panicked}"));
            Poll::Ready(error.into_response())
        }
    })
    .await
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

fn write_problem(response: &mut Response, error: &ApiError, id: &str) {
    let body = serde_json::to_vec(&error.problem(id)).unwrap_or_default();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    let kind = HeaderValue::from_static("application/problem+json");
    headers.insert(header::CONTENT_TYPE, kind);
    if let Some(seconds) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    *response.body_mut() = Body::from(body);
}

fn server_timing(timings: &StageTimings, total: Duration) -> String {
    format!(
        "tokenize;dur={:.3}, queue;dur={:.3}, forward;dur={:.3};desc=\"passes: {}\", total;dur={:.3}",
        millis(timings.tokenize),
        millis(timings.queue),
        millis(timings.forward),
        timings.passes,
        millis(total)
    )
}

fn millis(duration: Duration) -> f64 {
    // To the microsecond: what lies below is noise.
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::http::pipeline::off_runtime;
    use crate::telemetry::logs::{LogFilter, LogFormat, subscriber};
    use crate::telemetry::testing::Written;

    const TEXT: &str = "a xylophone";

    /// The status of the answer to a request with the id `r-1`, and the lines of its log.
    async fn answered<H: axum::handler::Handler<T, ()>, T: 'static>(
        handler: H,
    ) -> (StatusCode, Vec<Value>) {
        let written = Written::default();
        let (writer, filter) = (written.clone(), LogFilter::parse("warn").unwrap());
        let log = subscriber(LogFormat::Json, &filter, false, move || writer.clone());
        let _log = tracing::subscriber::set_default(log);
        let routes = around(Router::new().route("/", get(handler)));
        let request = Request::get("/").header(REQUEST_ID, "r-1").body(Body::empty()).unwrap();
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
        off_runtime(true, || panic!("in {TEXT}")).await
    }

    #[tokio::test]
    async fn the_panic_of_a_handler_is_logged_once_with_its_place_and_without_its_message() {
        let cause = logged_cause(panics).await;
        assert!(cause.starts_with("the handler panicked at src/http/"), "{cause}");
    }

    #[tokio::test]
    async fn a_panic_on_a_blocking_thread_is_logged_once_without_its_message() {
        let cause = logged_cause(panics_off_the_runtime).await;
        assert!(cause.starts_with("work on a blocking thread panicked at src/http/"), "{cause}");
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
    async fn what_is_not_the_servers_fault_is_logged_below_warn() {
        let handler = async || -> Result<(), _> { Err(ApiError::DeadlineExceeded) };
        assert_eq!(answered(handler).await, (StatusCode::GATEWAY_TIMEOUT, Vec::new()));
    }
}
