//! The stages in which the server stops.

use tokio::sync::watch;

/// How far the server has come in stopping; each stage follows the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Not stopping.
    Serving,
    /// Everything is served, but each answer closes its connection.
    Delay,
    /// No new connections, and idle ones are closed.
    Closing,
    /// The grace is over: requests without an answer get a 503.
    Expired,
}

/// Stops the server.
#[derive(Debug)]
pub struct Stop(watch::Sender<Stage>);

impl Stop {
    /// The handle, and the signal for those who are to stop.
    pub fn new() -> (Self, StopSignal) {
        let (stop, signal) = watch::channel(Stage::Serving);
        (Self(stop), StopSignal(signal))
    }

    /// Goes on to `stage`.
    pub fn advance(&self, stage: Stage) {
        self.0.send_modify(|now| *now = stage.max(*now));
    }
}

/// Says how far the server has come in stopping; in the extensions of each request.
#[derive(Clone, Debug)]
pub struct StopSignal(watch::Receiver<Stage>);

impl StopSignal {
    /// The stage at the moment.
    pub fn stage(&self) -> Stage {
        *self.0.borrow()
    }

    /// Waits for the next stage.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            // The handle is gone, so no other stage comes.
            std::future::pending::<()>().await;
        }
    }

    /// Waits until `stage` or a later one is reached.
    pub async fn reached(&mut self, stage: Stage) {
        if self.0.wait_for(|now| *now >= stage).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
