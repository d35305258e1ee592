//! The thread that refreshes the heads when their folders change, and publishes new sets.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::counts::ChangeCounts;
use super::library::Library;
use super::set::HeadSet;
use super::watcher::FolderWatcher;

/// Folders are read once nothing has changed for this long, since a head is written in several
/// steps.
const QUIET: Duration = Duration::from_millis(5);
/// If something changes all the time, they are read after this long.
const QUIET_AT_MOST: Duration = Duration::from_millis(100);
/// After a refresh that was triggered, folders are read once more after this long: changes in a new
/// folder before it is watched are not reported.
const ONCE_MORE: Duration = Duration::from_millis(100);

enum Trigger {
    /// Something changed, or a refresh was requested.
    Refresh,
    Stop,
}

/// A handle to the thread that watches the heads. Dropping it stops the thread.
pub struct Watch {
    triggers: Sender<Trigger>,
}

impl Watch {
    /// Starts the thread for the heads of `model`. New sets are sent to `heads`, and changes are counted in
    /// `counts`. Folders are also read without a notification once per `poll`, since the operating system
    /// doesn't report changes on a network file system or by another machine.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn start(
        model: &str,
        library: Library,
        heads: watch::Sender<Arc<HeadSet>>,
        poll: Option<Duration>,
        counts: ChangeCounts,
    ) -> io::Result<Self> {
        let (triggers, inbox) = mpsc::channel();
        let changed = triggers.clone();
        let watcher = FolderWatcher::new(
            move || {
                // Fails only if the thread has stopped, when the trigger isn't needed.
                let _ = changed.send(Trigger::Refresh);
            },
            poll,
        );
        let watch = Self { triggers };
        counts.set_refused(model, library.refused());
        let model = model.to_owned();
        let run = move || run(&model, library, watcher, poll, &heads, &counts, &inbox);
        thread::Builder::new().name("strata-heads".to_owned()).spawn(run)?;
        // For changes since the heads were first read.
        watch.refresh();
        Ok(watch)
    }

    /// Makes the thread refresh the heads now.
    pub fn refresh(&self) {
        // Fails only if the thread has stopped, which happens only when this is dropped.
        let _ = self.triggers.send(Trigger::Refresh);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.triggers.send(Trigger::Stop);
    }
}

fn run(
    model: &str,
    mut library: Library,
    mut watcher: FolderWatcher,
    poll: Option<Duration>,
    heads: &watch::Sender<Arc<HeadSet>>,
    counts: &ChangeCounts,
    inbox: &Receiver<Trigger>,
) {
    let mut once_more = false;
    loop {
        // Folders are watched before they are read, so that no change in between is missed.
        watcher.watch(library.folders());
        let wait = if once_more { Some(ONCE_MORE) } else { poll };
        let trigger = match wait {
            Some(wait) => inbox.recv_timeout(wait),
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let running = match trigger {
            Ok(Trigger::Refresh) => wait_until_quiet(inbox),
            Err(RecvTimeoutError::Timeout) => true,
            Ok(Trigger::Stop) | Err(RecvTimeoutError::Disconnected) => false,
        };
        if !running {
            return;
        }
        once_more = trigger.is_ok();
        let changes = library.refresh();
        if !changes.is_empty() {
            heads.send_replace(Arc::new(library.set()));
        }
        counts.set_refused(model, library.refused());
        for change in &changes {
            counts.count(change);
            change.log();
        }
    }
}

/// Waits until there was no trigger for a while. False if the thread has to stop.
fn wait_until_quiet(inbox: &Receiver<Trigger>) -> bool {
    let until = Instant::now() + QUIET_AT_MOST;
    while Instant::now() < until {
        match inbox.recv_timeout(QUIET) {
            Ok(Trigger::Refresh) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Ok(Trigger::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}
