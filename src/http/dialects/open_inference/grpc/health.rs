//! `grpc.health.v1.Health`, the standard health service.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/health-checking.md>

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::{Request as HttpRequest, State};
use axum::response::Response as HttpResponse;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_stream::Stream;
use tonic::codegen::Service;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::admission::{SmallCall, finish};
use super::status::from_error;
use crate::http::connection::{Stage, StopSignal};
use crate::http::dialects::open_inference::health;
use crate::http::error::ApiError;
use crate::http::models::Wanted;
use crate::http::state::AppState;

/// The names of what the server is as a whole, beside the empty one.
const SERVICES: [&str; 2] = ["inference.GRPCInferenceService", "grpc.health.v1.Health"];

/// How often the status is looked at for those who watch it.
const PERIOD: Duration = Duration::from_millis(500);

/// The service, for one call.
struct Watched {
    state: AppState,
    stop: Option<StopSignal>,
}

/// The service's methods.
pub async fn health(
    State(state): State<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let stop = request.extensions().get().cloned();
    let SmallCall(request) = SmallCall::read(request, &state).await?;
    let Ok(response) = HealthServer::new(Watched { state, stop }).call(request).await;
    finish(response)
}

/// What a service does: the server as a whole, or a model by its name.
///
/// # Errors
/// There is no such service.
fn status(state: &AppState, service: &str) -> Result<ServingStatus, ApiError> {
    let ready = match service {
        "" => health::is_ready(state),
        name if SERVICES.contains(&name) => health::is_ready(state),
        name => {
            let entry = state.models().find(Wanted::Named { name, pointer: "" })?;
            health::is_model_ready(&entry, state)
        }
    };
    Ok(if ready { ServingStatus::Serving } else { ServingStatus::NotServing })
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status as i32 }
}

#[tonic::async_trait]
impl Health for Watched {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        let status = status(&self.state, &service).map_err(from_error)?;
        Ok(Response::new(answer(status)))
    }

    type WatchStream = Changes;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Changes>, Status> {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (state, stop) = (self.state.clone(), self.stop.clone());
        let service = request.into_inner().service;
        Ok(Response::new(Changes { state, stop, service, ticks, last: None }))
    }
}

/// What a service does, each time that it changes, until the server closes its connections.
struct Changes {
    state: AppState,
    stop: Option<StopSignal>,
    service: String,
    ticks: Interval,
    last: Option<ServingStatus>,
}

impl Stream for Changes {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            ready!(self.ticks.poll_tick(context));
            // One that is not known may be there later.
            let now = status(&self.state, &self.service).unwrap_or(ServingStatus::ServiceUnknown);
            if self.last.replace(now) != Some(now) {
                return Poll::Ready(Some(Ok(answer(now))));
            }
            if self.stop.as_ref().is_some_and(|stop| stop.stage() >= Stage::Closing) {
                return Poll::Ready(None);
            }
        }
    }
}
