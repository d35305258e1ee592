//! How a connection ends, and who sees to it.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use axum::http::StatusCode;
use tokio::time::sleep_until;

use super::activity::Activity;
use super::limits::Expiry;
use super::stop::{Stage, StopSignal};

/// How a connection ended.
pub enum End {
    /// The client or a header closed it.
    Closed,
    /// It failed: nearly always the client has gone.
    Failed(hyper::Error),
    /// Nothing could be read.
    Unreadable(io::Error),
    /// What was sent isn't HTTP that hyper reads. hyper has answered.
    Malformed(Malformed),
    /// The client took too long.
    Expired(Expiry),
    /// It was idle, and made room for another one.
    Evicted,
    /// The client began and cancelled too many requests.
    Flooded,
}

/// An answer of hyper's own, without id and body.
pub struct Malformed {
    /// Its status.
    pub status: StatusCode,
    /// The stable code, for the log and the metrics.
    pub code: &'static str,
    /// What hyper says.
    pub error: hyper::Error,
}

/// Waits for what a connection does, and ends it when it has to.
pub struct Watch {
    activity: Arc<Activity>,
    stop: StopSignal,
    /// Since when the connection is to be closed.
    closing: Option<Instant>,
    /// Why it said that it will close.
    left: Option<End>,
}

impl Watch {
    /// Watches what `activity` says.
    pub fn new(activity: Arc<Activity>, stop: StopSignal) -> Self {
        let closing = (stop.stage() >= Stage::Closing).then(Instant::now);
        Self { activity, stop, closing, left: None }
    }

    /// Waits for a connection's end. `leave` says to the client that no further request is taken; without
    /// it, an idle connection is ended at once.
    ///
    /// # Errors
    /// It was ended for another reason than its own.
    pub async fn until<C: Future>(
        &mut self,
        mut connection: Pin<&mut C>,
        leave: Option<fn(Pin<&mut C>)>,
    ) -> Result<C::Output, End> {
        let activity = Arc::clone(&self.activity);
        let mut timer = pin!(sleep_until(Instant::now().into()));
        loop {
            if activity.is_flooded() {
                self.leave(connection.as_mut(), leave, End::Flooded)?;
                activity.forgive();
            }
            if let Some(leave) = leave.filter(|_| self.has_to_leave()) {
                leave(connection.as_mut());
                self.left = Some(End::Closed);
            }
            let due = activity.due(self.closing);
            if let Some(due) = due {
                timer.as_mut().reset(due.into());
            }
            // Ends too when the connection has to be looked at earlier or later than it seemed.
            let progress = poll_fn(|context| match connection.as_mut().poll(context) {
                Poll::Ready(result) => Poll::Ready(Some(result)),
                Poll::Pending if activity.due(self.closing) != due => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            });
            tokio::select! {
                biased;
                ended = progress => if let Some(ended) = ended {
                    return Ok(ended);
                },
                () = &mut timer, if due.is_some() => match activity.expired(self.closing) {
                    Some(Expiry::Idle) => {
                        self.leave(connection.as_mut(), leave, End::Expired(Expiry::Idle))?;
                    }
                    Some(expiry) => {
                        if expiry == Expiry::UnreadAnswer {
                            activity.abort();
                        }
                        return Err(End::Expired(expiry));
                    }
                    None => {}
                },
                () = activity.changed() => {}
                () = activity.evicted() => {
                    self.leave(connection.as_mut(), leave, End::Evicted)?;
                }
                () = self.stop.changed() => {
                    if self.stop.stage() >= Stage::Closing {
                        self.closing.get_or_insert_with(Instant::now);
                    }
                }
            }
        }
    }

    /// Whether the server stops, and has not said so: while it only prepares to, once there is a request.
    fn has_to_leave(&self) -> bool {
        let stage = self.stop.stage();
        let has_request = || self.activity.closes_after_request();
        self.left.is_none() && (stage >= Stage::Closing || (stage == Stage::Delay && has_request()))
    }

    /// Says that no further request is taken, and gives a moment to end.
    ///
    /// # Errors
    /// That can't be said, or was said before: then the reason is the first one.
    fn leave<C>(
        &mut self,
        connection: Pin<&mut C>,
        leave: Option<fn(Pin<&mut C>)>,
        end: End,
    ) -> Result<(), End> {
        let (Some(leave), None) = (leave, &self.left) else {
            return Err(self.left.take().unwrap_or(end));
        };
        leave(connection);
        self.closing.get_or_insert_with(Instant::now);
        self.left = Some(end);
        Ok(())
    }

    /// Why a connection ended that has closed as agreed.
    #[cfg(feature = "grpc")]
    pub fn reason(self) -> End {
        self.left.unwrap_or(End::Closed)
    }
}
