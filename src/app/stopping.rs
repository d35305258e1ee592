//! Stops the server in stages, each with a limit of time.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::error::ServeError;
use super::signals::{Signals, StopCause};
use crate::config::HttpConfig;
use crate::http::connection::{OpenConnections, Stage, Stop};

/// How long the 503s of unfinished requests may take to be written.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// The same after a second signal.
const LAST_ANSWERS_NOW: Duration = Duration::from_millis(100);

/// What is to be stopped. Readiness is off already.
pub struct Stopping<'c> {
    /// The limits of time.
    pub config: &'c HttpConfig,
    /// Tells the connections.
    pub stop: Stop,
    /// The open connections.
    pub open: Arc<OpenConnections>,
    /// Ends with the last connection.
    pub serving: JoinHandle<()>,
}

impl Stopping<'_> {
    /// Goes on serving for the delay, so that a balancer notices; accepts no more connections, and lets
    /// requests finish; answers the rest with a 503. A further signal skips to the last step.
    ///
    /// # Errors
    /// Requests were not finished in time.
    pub async fn run(mut self, cause: StopCause, signals: &mut Signals) -> Result<(), ServeError> {
        tracing::info!(signal = ?cause, "stopping");
        let last_answers = tokio::select! {
            finished = self.finish(cause) => {
                if finished {
                    return Ok(());
                }
                LAST_ANSWERS
            }
            _ = signals.stop() => LAST_ANSWERS_NOW,
        };
        let unfinished = self.open.busy();
        self.stop.advance(Stage::Expired);
        // Whether they could be written changes nothing.
        let _ = timeout(last_answers, &mut self.serving).await;
        if unfinished == 0 {
            return Ok(());
        }
        tracing::warn!(requests = unfinished, "some requests were not finished in time");
        Err(ServeError::Unfinished(unfinished))
    }

    /// Returns whether all requests were finished within the grace.
    async fn finish(&mut self, cause: StopCause) -> bool {
        if cause == StopCause::Terminate {
            self.stop.advance(Stage::Delay);
            sleep(self.config.stop_delay).await;
        }
        self.stop.advance(Stage::Closing);
        timeout(self.config.grace, &mut self.serving).await.is_ok()
    }
}
