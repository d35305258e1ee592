//! The thread that reads the keys again when their file changes, and publishes them.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use super::error::KeysError;
use super::ring::KeyRing;
use super::source::{KeySource, KeyTexts};
use crate::telemetry::metrics::Reloads;

/// How often the file is read. It is small, and reading it finds a change on any file system, also
/// where the file is a link into a folder that is replaced, as Kubernetes does with secrets.
const POLL: Duration = Duration::from_secs(1);

/// A handle to the thread. Dropping it stops the thread.
#[derive(Debug)]
pub struct KeyWatch {
    sources: Sender<KeySource>,
}

/// What the thread knows.
struct Watched {
    source: KeySource,
    texts: KeyTexts,
    keys: watch::Sender<Arc<KeyRing>>,
    reloads: Reloads,
    /// The last message about keys that can't be used, so that each is logged once.
    complaint: Option<String>,
}

impl KeyWatch {
    /// Reads the keys, and watches their file from now on; counts each change in `reloads`. The receiver
    /// always has the last keys that could be used.
    ///
    /// # Errors
    /// The keys can't be used.
    pub fn start(
        source: KeySource,
        reloads: Reloads,
    ) -> Result<(Self, watch::Receiver<Arc<KeyRing>>), KeysError> {
        let texts = source.texts()?;
        let ring = KeyRing::new(&source.entries(&texts)?, &KeyRing::default());
        let (keys, receiver) = watch::channel(Arc::new(ring));
        let (sources, inbox) = mpsc::channel();
        let watched = Watched { source, texts, keys, reloads, complaint: None };
        let run = move || watched.run(&inbox);
        let started = thread::Builder::new().name("strata-keys".to_owned()).spawn(run);
        started.map_err(KeysError::Thread)?;
        Ok((Self { sources }, receiver))
    }

    /// Reads the keys of `source` from now on, and at once.
    pub fn read(&self, source: KeySource) {
        // Fails only if the thread has stopped, which happens only when this is dropped.
        let _ = self.sources.send(source);
    }
}

impl Watched {
    fn run(mut self, inbox: &Receiver<KeySource>) {
        loop {
            let received = match self.source.file {
                Some(_) => inbox.recv_timeout(POLL),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(source) => {
                    self.source = source;
                    self.complaint = None;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            match self.refresh() {
                Ok(()) => self.complaint = None,
                Err(error) => self.complain(&error),
            }
        }
    }

    fn refresh(&mut self) -> Result<(), KeysError> {
        let texts = self.source.texts()?;
        if texts == self.texts {
            return Ok(());
        }
        let entries = self.source.entries(&texts)?;
        if entries.is_empty() {
            return Err(KeysError::SwitchedOff);
        }
        let ring = KeyRing::new(&entries, &self.keys.borrow());
        self.reloads.succeeded("keys");
        tracing::info!(keys = ring.len(), "the keys have changed");
        self.keys.send_replace(Arc::new(ring));
        self.texts = texts;
        Ok(())
    }

    fn complain(&mut self, error: &KeysError) {
        let complaint = error.to_string();
        if self.complaint.as_ref() != Some(&complaint) {
            tracing::error!(error = complaint, "the keys can't be read; the last ones stay in use");
            self.reloads.failed("keys");
            self.complaint = Some(complaint);
        }
    }
}
