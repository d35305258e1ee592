//! The thread that reads the keys again when their file changes, and publishes them.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use super::error::KeysError;
use super::ring::KeyRing;
use super::source::{KeySource, KeyTexts};
use crate::telemetry::metrics::{Reloaded, Reloads};

/// How often the file is read. It is small, and reading it finds a change on any file system, also
/// where the file is a link into a folder that is replaced, as Kubernetes does with secrets.
const POLL: Duration = Duration::from_secs(1);

/// After this time a changed file is read once more: it may have been half written.
const ONCE_MORE: Duration = Duration::from_millis(300);

/// A handle to the thread. Dropping it stops the thread.
#[derive(Debug)]
pub struct KeyWatch {
    sources: Sender<KeySource>,
}

/// What the thread knows.
struct Watched {
    source: KeySource,
    /// What the keys in use were read from.
    texts: KeyTexts,
    /// What was read last, if it isn't in use yet.
    changed: Option<KeyTexts>,
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
    /// The keys can't be used, or keys are configured and there is none.
    pub fn start(
        source: KeySource,
        reloads: Reloads,
    ) -> Result<(Self, watch::Receiver<Arc<KeyRing>>), KeysError> {
        let texts = source.texts()?;
        let entries = source.entries(&texts)?;
        let ring = match (entries.is_empty(), source.is_given()) {
            (true, true) => return Err(KeysError::NoKeys { origin: source.origin() }),
            (true, false) => KeyRing::default(),
            (false, _) => KeyRing::new(&entries, &KeyRing::default()),
        };
        let (keys, receiver) = watch::channel(Arc::new(ring));
        let (sources, inbox) = mpsc::channel();
        let watched = Watched { source, texts, changed: None, keys, reloads, complaint: None };
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
            let wait = if self.changed.is_some() { ONCE_MORE } else { POLL };
            let received = match self.source.file {
                Some(_) => inbox.recv_timeout(wait),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let refreshed = match received {
                Ok(source) => self.change_source(source),
                Err(RecvTimeoutError::Timeout) => self.refresh(false),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            match refreshed {
                Ok(()) if self.complaint.take().is_some() => {
                    self.reloads.recovered(Reloaded::Keys);
                    tracing::info!("the keys can be read again");
                }
                Ok(()) => {}
                Err(error) => self.complain(&error),
            }
        }
    }

    fn change_source(&mut self, source: KeySource) -> Result<(), KeysError> {
        if self.keys.borrow().is_required() && !source.is_given() {
            return Err(KeysError::SwitchedOff);
        }
        self.source = source;
        self.refresh(true)
    }

    /// Reads the keys; `at_once` if what is read now is complete for sure.
    fn refresh(&mut self, at_once: bool) -> Result<(), KeysError> {
        let texts = self.source.texts()?;
        if texts == self.texts {
            self.changed = None;
            return Ok(());
        }
        if !at_once && self.changed.as_ref() != Some(&texts) {
            self.changed = Some(texts);
            return Ok(());
        }
        self.changed = None;
        let entries = self.source.entries(&texts)?;
        let ring = KeyRing::new(&entries, &self.keys.borrow());
        self.texts = texts;
        self.reloads.succeeded(Reloaded::Keys);
        match ring.count() {
            0 => tracing::warn!("no key is known any more: no request that needs one is let in"),
            keys => tracing::info!(keys, "the keys have changed"),
        }
        self.keys.send_replace(Arc::new(ring));
        Ok(())
    }

    fn complain(&mut self, error: &KeysError) {
        let complaint = error.to_string();
        if self.complaint.as_ref() == Some(&complaint) {
            return;
        }
        self.reloads.failed(Reloaded::Keys);
        let instead = match self.keys.borrow().is_required() {
            true => "the last keys stay in use",
            false => "no request needs a key, as before",
        };
        tracing::error!(error = complaint, "the keys can't be used; {instead}");
        self.complaint = Some(complaint);
    }
}
