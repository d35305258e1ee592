//! `Watch` of the health service: what a service does, each time that it changes.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::State;
use axum::response::Response;
use hyper::body::Frame;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::answer_body::with_status;
use super::call::Small;
use super::frame;
use super::health::{answer, status};
use super::protocol::health::HealthCheckRequest;
use super::protocol::health::health_check_response::ServingStatus;
use crate::http::connection::{Stage, StopSignal, Watching};
use crate::http::error::ApiError;
use crate::http::state::AppState;

/// How often the status is looked at.
const PERIOD: Duration = Duration::from_millis(500);

/// Those who watch, of all servers of the process: they need no key.
static WATCHERS: Semaphore = Semaphore::const_new(1024);

/// When those who find no room should try again.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// `Watch`. It ends when the server closes its connections.
pub async fn watch(
    State(state): State<AppState>,
    stop: Option<Extension<StopSignal>>,
    Small(asked): Small<HealthCheckRequest>,
) -> Result<Response, ApiError> {
    let full = |_| ApiError::QueueFull { retry_after: RETRY_AFTER };
    let permit = WATCHERS.try_acquire().map_err(full)?;
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stop = stop.map(|Extension(stop)| stop);
    let (service, last) = (asked.service, None);
    let changes = Changes { state, stop, service, ticks, last, _permit: permit };
    let mut response = with_status(Body::new(changes));
    response.extensions_mut().insert(Watching);
    Ok(response)
}

/// The messages of those who watch a service.
struct Changes {
    state: AppState,
    stop: Option<StopSignal>,
    service: String,
    ticks: Interval,
    last: Option<ServingStatus>,
    _permit: SemaphorePermit<'static>,
}

impl HttpBody for Changes {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            ready!(self.ticks.poll_tick(context));
            // One that is not known may be there later.
            let now = status(&self.state, &self.service).unwrap_or(ServingStatus::ServiceUnknown);
            if self.last.replace(now) != Some(now)
                && let Ok(message) = frame::write(&answer(now))
            {
                return Poll::Ready(Some(Ok(Frame::data(message))));
            }
            if self.stop.as_ref().is_some_and(|stop| stop.stage() >= Stage::Closing) {
                return Poll::Ready(None);
            }
        }
    }
}
