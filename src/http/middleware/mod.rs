//! The middleware around every response: request id, timings, problem details, one line in the log.

mod head;
mod observer;
mod request_log;
mod trace;

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tracing::Instrument;
use uuid::Uuid;

use crate::http::connection::{Stage, StopSignal};
use crate::http::dialects::{self, ErrorShape};
use crate::http::error::ApiError;
use crate::http::problem::ProblemDetails;
use crate::http::timings::{RequestStage, StageTimings};
use crate::telemetry::panics;

pub use observer::Observer;
use request_log::{RequestLog, millis};

/// The header that carries a request's id, in and out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const NUMERICS: HeaderName = HeaderName::from_static("x-strata-numerics");

/// The longest request id that is accepted from a client.
const REQUEST_ID_BYTES: usize = 128;

/// Puts the middleware around `routes`.
pub fn around(routes: Router, observer: Observer) -> Router {
    let middleware = ServiceBuilder::new()
        .layer(from_fn(check_request_id))
        .layer(SetRequestIdLayer::new(REQUEST_ID, RandomId))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(from_fn_with_state(observer, observe));
    routes.layer(middleware)
}

/// Gives a random id to requests that have none.
#[derive(Clone, Copy)]
struct RandomId;

impl MakeRequestId for RandomId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        HeaderValue::from_str(&Uuid::new_v4().to_string()).ok().map(RequestId::new)
    }
}

/// Removes an id that is too long or not printable ASCII, so that a random one replaces it, since
/// the id goes into the log.
async fn check_request_id(mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    let valid = headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok()).is_some_and(|id| {
        (1..=REQUEST_ID_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
    });
    if !valid {
        headers.remove(&REQUEST_ID);
    }
    next.run(request).await
}

/// Checks the head and the key, times the request, catches a handler's panic, writes problem details,
/// counts and traces it, and logs one line. The handler and the batcher log within a span that has the
/// request's id. A request that has no answer when the grace of a stop is over gets a 503.
async fn observe(State(observer): State<Observer>, mut request: Request, next: Next) -> Response {
    let id = request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or_default()
        .to_owned();
    // The route and not the path, which may contain anything.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let shape = dialects::error_shape(&request);
    let checked = observer.check(&request, route.as_deref());
    let mut log = RequestLog::new(id, &request, route, observer.clone());
    request.extensions_mut().insert(log.clock().clone());
    // Nothing below needs the key itself.
    request.headers_mut().remove(header::AUTHORIZATION);
    let refused = match checked {
        Ok(key) => {
            if let Some(key) = key {
                log.asked_by(&key);
                request.extensions_mut().insert(key);
            }
            None
        }
        Err(error) => {
            if matches!(error, ApiError::Unauthorized(_)) {
                log.refused_to(observer.client(&request));
            }
            Some(error)
        }
    };
    let mut response = answer(&observer, request, refused, next).instrument(log.span()).await;
    let error = response.extensions_mut().remove::<ApiError>().or_else(|| {
        let without_cause = response.status() == StatusCode::INTERNAL_SERVER_ERROR;
        without_cause.then(|| ApiError::internal("the handler gave no cause"))
    });
    let mut status = response.status();
    if let Some(error) = &error {
        status = write_error(&mut response, error, shape, log.id());
    }
    let asked = log.clock().model();
    let (timings, total) = log.finish(status, error.as_ref());
    if let Ok(value) = HeaderValue::from_str(&server_timing(&timings, total)) {
        response.headers_mut().insert(SERVER_TIMING, value);
    }
    let numerics = match asked {
        Some(model) => Some(model.numerics.clone()),
        None => observer.models.numerics(),
    };
    if let Some(value) = numerics.and_then(|name| HeaderValue::from_str(&name).ok()) {
        response.headers_mut().insert(NUMERICS, value);
    }
    response
}

/// The response of the handler, or of what `refused` the request, with the headers for a web page of
/// another origin; or the answer to a preflight request.
async fn answer(
    observer: &Observer,
    request: Request,
    refused: Option<ApiError>,
    next: Next,
) -> Response {
    let stop = request.extensions().get::<StopSignal>().cloned();
    let respond = service_fn(|request| {
        let (refused, next, stop) = (refused.clone(), next.clone(), stop.clone());
        async move {
            let response = match refused {
                Some(error) => error.into_response(),
                None => tokio::select! {
                    response = catch_panic(next.run(request)) => response,
                    () = grace_over(stop) => ApiError::Draining.into_response(),
                },
            };
            Ok::<_, Infallible>(response)
        }
    });
    let Ok(response) = match observer.cors(&request, refused.is_some()) {
        Some(cors) => cors.layer(respond).oneshot(request).await,
        None => respond.oneshot(request).await,
    };
    response
}

/// The response, or an internal error if its handler panics. The panic's message may quote an input,
/// so it is neither printed nor kept.
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

/// Waits until the server, in stopping, gives up on the requests that have no answer yet.
async fn grace_over(stop: Option<StopSignal>) {
    match stop {
        Some(mut stop) => stop.reached(Stage::Expired).await,
        None => pending().await,
    }
}

/// Writes an error: in the shape of the path's dialect, or else as problem details. Returns its status, also
/// where the answer has it in another form.
fn write_error(
    response: &mut Response,
    error: &ApiError,
    shape: Option<ErrorShape>,
    id: &str,
) -> StatusCode {
    let (status, body, content_type) = match shape {
        Some(ErrorShape::Json(write)) => {
            let (status, body) = write(error, id);
            (status, serde_json::to_vec(&body), "application/json")
        }
        #[cfg(feature = "grpc")]
        Some(ErrorShape::Headers(write)) => {
            *response.status_mut() = StatusCode::OK;
            response.headers_mut().remove(header::CONTENT_LENGTH);
            response.headers_mut().extend(write(error));
            *response.body_mut() = Body::empty();
            return error.code().status();
        }
        None => {
            let body = serde_json::to_vec(&ProblemDetails::new(error, id));
            (response.status(), body, "application/problem+json")
        }
    };
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(seconds) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    *response.body_mut() = Body::from(body.unwrap_or_default());
    status
}

fn server_timing(timings: &StageTimings, total: Duration) -> String {
    format!(
        "tokenize;dur={:.3}, queue;dur={:.3}, forward;dur={:.3};desc=\"passes: {}\", total;dur={:.3}",
        millis(timings.time(RequestStage::Tokenize)),
        millis(timings.time(RequestStage::Queue)),
        millis(timings.time(RequestStage::Forward)),
        timings.passes,
        millis(total)
    )
}

#[cfg(test)]
mod tests;
