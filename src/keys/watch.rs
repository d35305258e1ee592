//! The thread that reads the keys again when their file changes, and publishes them.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use super::entry::KeyEntry;
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
    keys: watch::Receiver<Arc<KeyRing>>,
}

/// Texts that were read and aren't in use.
struct Changed {
    texts: KeyTexts,
    /// Why they can't be used; `None` if they are to be read once more.
    refusal: Option<String>,
}

/// What reading the keys has come to.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    /// The keys are in use as they are written.
    InUse,
    /// They have changed, and are to be read once more.
    Changed,
}

/// What the thread knows.
struct Watched {
    source: KeySource,
    /// What the keys in use were read from.
    texts: KeyTexts,
    /// What was read last, if it isn't in use.
    changed: Option<Changed>,
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
        let (texts, ring) = source.read()?;
        let (keys, receiver) = watch::channel(Arc::new(ring));
        let (sources, inbox) = mpsc::channel();
        let watched = Watched { source, texts, changed: None, keys, reloads, complaint: None };
        let run = move || watched.run(&inbox);
        let started = thread::Builder::new().name("strata-keys".to_owned()).spawn(run);
        started.map_err(KeysError::Thread)?;
        Ok((Self { sources, keys: receiver.clone() }, receiver))
    }

    /// Whether keys are needed now and would not be with `source`. That takes a restart: a mistake in the
    /// settings lets nobody in.
    pub fn would_switch_off(&self, source: &KeySource) -> bool {
        self.keys.borrow().is_required() && !source.is_given()
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
            let again = self.changed.as_ref().is_some_and(|changed| changed.refusal.is_none());
            let received = match self.source.file {
                Some(_) => inbox.recv_timeout(if again { ONCE_MORE } else { POLL }),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(source) => (self.source, self.changed) = (source, None),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.read();
        }
    }

    /// Reads the keys, and says once what they have come to.
    fn read(&mut self) {
        match self.refresh() {
            Ok(Read::Changed) => {}
            Ok(Read::InUse) if self.complaint.take().is_some() => {
                self.reloads.recovered(Reloaded::Keys);
                tracing::info!("the keys can be read again");
            }
            Ok(Read::InUse) => {}
            Err(complaint) => self.complain(complaint),
        }
    }

    /// Reads the keys, and publishes them if they have changed. A file is read twice before: it may be half
    /// written. Of a refused one only the message is kept, until it changes.
    ///
    /// # Errors
    /// They can't be used; the message says why.
    fn refresh(&mut self) -> Result<Read, String> {
        let texts = self.source.texts().map_err(|error| error.to_string())?;
        if texts == self.texts {
            self.changed = None;
            return Ok(Read::InUse);
        }
        match self.changed.as_ref().filter(|changed| changed.texts == texts) {
            Some(Changed { refusal: Some(refusal), .. }) => return Err(refusal.clone()),
            None if self.source.file.is_some() => {
                self.changed = Some(Changed { texts, refusal: None });
                return Ok(Read::Changed);
            }
            _ => {}
        }
        match self.source.entries(&texts) {
            Ok(entries) => {
                self.publish(&entries);
                (self.texts, self.changed) = (texts, None);
                Ok(Read::InUse)
            }
            Err(error) => {
                let refusal = error.to_string();
                self.changed = Some(Changed { texts, refusal: Some(refusal.clone()) });
                Err(refusal)
            }
        }
    }

    fn publish(&self, entries: &[KeyEntry]) {
        let ring = KeyRing::new(entries, &self.keys.borrow());
        self.reloads.succeeded(Reloaded::Keys);
        match ring.count() {
            0 => tracing::warn!("no key is known any more: no request that needs one is let in"),
            keys => tracing::info!(keys, "the keys have changed"),
        }
        self.keys.send_replace(Arc::new(ring));
    }

    /// Logs why the keys can't be used, unless that was the last complaint.
    fn complain(&mut self, complaint: String) {
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;
    use crate::keys::testing::entry;
    use crate::telemetry::metrics::Metrics;

    /// A watched file that has the key `a`.
    struct WatchedFile {
        _folder: TempDir,
        file: PathBuf,
        watched: Watched,
        metrics: Metrics,
    }

    fn watched_file() -> WatchedFile {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.toml");
        fs::write(&file, entry("a")).unwrap();
        let source = KeySource { file: Some(file.clone()), text: String::new() };
        let (texts, ring) = source.read().unwrap();
        let (keys, _) = watch::channel(Arc::new(ring));
        let (reloads, metrics) = (Reloads::default(), Metrics::new());
        metrics.register(|registry| reloads.register(registry));
        let watched = Watched { source, texts, changed: None, keys, reloads, complaint: None };
        WatchedFile { _folder: folder, file, watched, metrics }
    }

    fn names(watched: &Watched) -> Vec<String> {
        watched.keys.borrow().keys().map(|key| key.name().to_string()).collect()
    }

    /// The values of the metrics about changes of keys: used, refused, and whether the last was used.
    fn changes(metrics: &Metrics) -> [u32; 3] {
        let text = metrics.encode().unwrap();
        [
            "strata_config_reloads_total{what=\"keys\",result=\"ok\"} ",
            "strata_config_reloads_total{what=\"keys\",result=\"failed\"} ",
            "strata_config_last_reload_successful{what=\"keys\"} ",
        ]
        .map(|name| {
            text.lines().find_map(|line| line.strip_prefix(name)?.parse().ok()).unwrap_or(0)
        })
    }

    #[test]
    fn a_file_is_read_twice_before_it_is_used() {
        let WatchedFile { file, mut watched, _folder, .. } = watched_file();
        assert_eq!(watched.refresh(), Ok(Read::InUse));
        for written in [entry("b"), entry("b") + &entry("c")] {
            fs::write(&file, written).unwrap();
            assert_eq!(watched.refresh(), Ok(Read::Changed));
            assert_eq!(names(&watched), ["a"]);
        }
        assert_eq!(watched.refresh(), Ok(Read::InUse));
        assert_eq!(names(&watched), ["b", "c"]);
    }

    #[test]
    fn a_mistake_is_one_failure_until_the_file_changes() {
        let WatchedFile { file, mut watched, metrics, _folder } = watched_file();
        let mut read = |times: usize| (0..times).for_each(|_| watched.read());
        fs::write(&file, "a = 'x'").unwrap();
        read(10);
        fs::write(&file, "a = 1").unwrap();
        read(10);
        // What can't be read is another complaint, after which the mistake is the same.
        fs::remove_file(&file).unwrap();
        read(10);
        assert_eq!((names(&watched), changes(&metrics)), (vec!["a".to_owned()], [0, 3, 0]));
        fs::write(&file, entry("a")).unwrap();
        watched.read();
        assert_eq!((names(&watched), changes(&metrics)), (vec!["a".to_owned()], [0, 3, 1]));
        fs::write(&file, entry("b")).unwrap();
        (0..10).for_each(|_| watched.read());
        assert_eq!((names(&watched), changes(&metrics)), (vec!["b".to_owned()], [1, 3, 1]));
    }

    #[test]
    fn a_key_that_is_taken_out_is_refused_and_without_any_nobody_is_let_in() {
        let WatchedFile { file, mut watched, _folder, .. } = watched_file();
        fs::write(&file, "# none\n").unwrap();
        (0..2).for_each(|_| watched.read());
        let ring = Arc::clone(&watched.keys.borrow());
        assert!(ring.count() == 0 && ring.is_required() && ring.find(b"a").is_none());
    }
}
