//! Watches folders of heads, and has what changes there served.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::watch;

use super::library::{Library, News};
use crate::http::state::HeadSet;

/// How long nothing must have changed before folders are looked at, and how long that is waited for if
/// something always does: a head is written in several steps.
const QUIET: Duration = Duration::from_millis(5);
const AT_MOST: Duration = Duration::from_millis(100);
/// How long after a look that was asked for there is one more: what happens in a folder before it is
/// watched, in the moment after it was made, is not told.
const ONCE_MORE: Duration = Duration::from_millis(100);

enum Trigger {
    /// Something has changed, or somebody wants it looked at.
    Look,
    Stop,
}

/// The thread that watches. It ends when this is dropped.
pub struct Watch {
    triggers: Sender<Trigger>,
}

impl Watch {
    /// Starts it. `poll` is how often folders are looked at beside that: changes on a network's file
    /// system, or made by another machine, are not told.
    ///
    /// # Errors
    /// No thread could be started.
    pub fn start(
        library: Library,
        heads: watch::Sender<Arc<HeadSet>>,
        poll: Option<Duration>,
    ) -> io::Result<Self> {
        let (triggers, inbox) = mpsc::channel();
        let watcher = watcher(&library, &triggers, poll);
        let run = move || {
            let _watcher = watcher;
            run(library, &heads, &inbox, poll);
        };
        thread::Builder::new().name("strata-heads".to_owned()).spawn(run)?;
        let watch = Self { triggers };
        // What has changed between the first reading and now.
        watch.look();
        Ok(watch)
    }

    /// Has the folders looked at now.
    pub fn look(&self) {
        // The thread ends only when this is dropped.
        let _ = self.triggers.send(Trigger::Look);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.triggers.send(Trigger::Stop);
    }
}

/// Told by the system of changes in every folder; where it can't, the log says so.
fn watcher(
    library: &Library,
    triggers: &Sender<Trigger>,
    poll: Option<Duration>,
) -> Option<RecommendedWatcher> {
    let triggers = triggers.clone();
    let told = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| is_change(event.kind)) {
            let _ = triggers.send(Trigger::Look);
        }
    };
    let instead = || match poll {
        Some(poll) => format!("it is looked at every {} ms", poll.as_millis()),
        None => "heads_poll_ms is 0, so only SIGHUP has it looked at".to_owned(),
    };
    let unwatched = |folder: &Path, error: &notify::Error| {
        let folder = folder.display();
        tracing::warn!(%folder, "can't be watched: {error}; {}", instead());
    };
    let mut watcher = match notify::recommended_watcher(told) {
        Ok(watcher) => watcher,
        Err(error) => {
            library.folders().for_each(|folder| unwatched(folder, &error));
            return None;
        }
    };
    for folder in library.folders() {
        if let Err(error) = watcher.watch(folder, RecursiveMode::Recursive) {
            unwatched(folder, &error);
        }
    }
    Some(watcher)
}

/// Not so when a file was opened or read: that is what looking does.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

fn run(
    mut library: Library,
    heads: &watch::Sender<Arc<HeadSet>>,
    inbox: &Receiver<Trigger>,
    poll: Option<Duration>,
) {
    let mut once_more = false;
    loop {
        let wait = if once_more { Some(ONCE_MORE) } else { poll };
        let told = match wait {
            Some(wait) => inbox.recv_timeout(wait),
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let goes_on = match told {
            Ok(Trigger::Look) => settled(inbox),
            Err(RecvTimeoutError::Timeout) => true,
            Ok(Trigger::Stop) | Err(RecvTimeoutError::Disconnected) => false,
        };
        if !goes_on {
            return;
        }
        once_more = told.is_ok();
        let news = library.refresh();
        if !news.is_empty() {
            heads.send_replace(Arc::new(library.set()));
        }
        news.iter().for_each(News::log);
    }
}

/// Waits until nothing has been told for a while. False if it is to end.
fn settled(inbox: &Receiver<Trigger>) -> bool {
    let until = Instant::now() + AT_MOST;
    while Instant::now() < until {
        match inbox.recv_timeout(QUIET) {
            Ok(Trigger::Look) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Ok(Trigger::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}
