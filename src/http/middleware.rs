//! Around every answer: its id, its timings, its problem details, its line in the log.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::request_id::{MakeRequestId, RequestId};
use uuid::Uuid;

use super::error::ApiError;
use super::pipeline::StageTimings;

/// The header that carries a request's id, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The longest id that is taken over from a client.
const REQUEST_ID_BYTES: usize = 128;

/// Bytes of all header names and values together.
const HEADER_BYTES: usize = 16 * 1024;

/// Gives requests that bring no id a random one.
#[derive(Clone, Copy)]
pub struct RandomId;

impl MakeRequestId for RandomId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        HeaderValue::from_str(&Uuid::new_v4().to_string()).ok().map(RequestId::new)
    }
}

/// Takes out an id that is too long or not plain text, so that a random one takes its place: it
/// goes into the log.
pub async fn check_request_id(mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    let fine = headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok()).is_some_and(|id| {
        (1..=REQUEST_ID_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
    });
    if !fine {
        headers.remove(&REQUEST_ID);
    }
    next.run(request).await
}

/// Checks the size of the headers, times the request, writes problem details, and logs.
pub async fn observe(request: Request, next: Next) -> Response {
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
        next.run(request).await
    };
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        write_problem(&mut response, &error, &id);
    }
    let total = started.elapsed();
    let timings = response.extensions().get::<StageTimings>().copied().unwrap_or_default();
    if let Ok(value) = HeaderValue::from_str(&server_timing(&timings, total)) {
        response.headers_mut().insert(SERVER_TIMING, value);
    }
    tracing::info!(
        request_id = %id,
        %method,
        route = route.as_deref().unwrap_or("none"),
        status = response.status().as_u16(),
        tokens = timings.tokens,
        tokenize_ms = millis(timings.tokenize),
        queue_ms = millis(timings.queue),
        forward_ms = millis(timings.forward),
        total_ms = millis(total),
        "request"
    );
    response
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
