//! The signals of the operating system that the server reacts to.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Receives SIGTERM, SIGINT and SIGHUP.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    /// Whether a signal to reload came while only one to stop was waited for.
    missed_reload: bool,
}

impl Signals {
    /// Starts to receive signals.
    ///
    /// # Errors
    /// A signal handler could not be installed.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            missed_reload: false,
        })
    }

    /// The next signal, or one to reload that was missed.
    pub async fn next(&mut self) -> ProcessSignal {
        if std::mem::take(&mut self.missed_reload) {
            return ProcessSignal::Reload;
        }
        self.receive().await
    }

    /// Waits for a signal to stop; keeps one to reload for [`next`](Self::next).
    pub async fn stop(&mut self) -> StopCause {
        loop {
            match self.receive().await {
                ProcessSignal::Stop(cause) => return cause,
                ProcessSignal::Reload => self.missed_reload = true,
            }
        }
    }

    async fn receive(&mut self) -> ProcessSignal {
        tokio::select! {
            _ = self.terminate.recv() => ProcessSignal::Stop(StopCause::Terminate),
            _ = self.interrupt.recv() => ProcessSignal::Stop(StopCause::Interrupt),
            _ = self.hangup.recv() => ProcessSignal::Reload,
        }
    }
}

/// What a signal means to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessSignal {
    /// Stop.
    Stop(StopCause),
    /// SIGHUP: look for changes of settings, keys and heads.
    Reload,
}

/// Who wants the server to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// SIGTERM: an orchestrator, whose balancer has to notice first.
    Terminate,
    /// SIGINT: a person at a terminal, who doesn't want to wait.
    Interrupt,
}
