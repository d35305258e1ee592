//! Watches folders of heads, and has what changes there served.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::watch;

use super::folder::News;
use super::library::Library;
use super::set::HeadSet;

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
        let told = Told::new(triggers.clone(), poll);
        let run = move || run(library, told, &heads, &inbox);
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

/// What the system tells of changes in folders.
struct Told {
    watcher: notify::Result<RecommendedWatcher>,
    /// Device and number of each folder when it was last watched: a watch follows the folder, not its
    /// name, and a folder that another takes the place of has to be watched anew.
    watched: BTreeMap<PathBuf, Option<(u64, u64)>>,
    poll: Option<Duration>,
}

impl Told {
    fn new(triggers: Sender<Trigger>, poll: Option<Duration>) -> Self {
        let told = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_change(event.kind)) {
                // The thread ends only when nobody is told any more.
                let _ = triggers.send(Trigger::Look);
            }
        };
        let watcher = notify::recommended_watcher(told);
        Self { watcher, watched: BTreeMap::new(), poll }
    }

    /// Watches each folder that isn't yet; where that can't be, the log says so.
    fn follow<'f>(&mut self, folders: impl Iterator<Item = &'f Path>) {
        for folder in folders {
            let found = fs::metadata(folder).ok().map(|found| (found.dev(), found.ino()));
            if self.watched.get(folder) == Some(&found) {
                continue;
            }
            let known = self.watched.insert(folder.to_owned(), found).is_some();
            let watched = match &mut self.watcher {
                Ok(watcher) => {
                    if known {
                        // It is gone as a rule, and its watch with it.
                        let _ = watcher.unwatch(folder);
                    }
                    watcher.watch(folder, RecursiveMode::Recursive).map_err(|e| e.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = watched {
                let instead = match self.poll {
                    Some(poll) => format!("it is looked at every {} ms", poll.as_millis()),
                    None => "heads_poll_ms is 0, so only SIGHUP has it looked at".to_owned(),
                };
                tracing::warn!(folder = %folder.display(), "can't be watched: {error}; {instead}");
            }
        }
    }
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
    mut told: Told,
    heads: &watch::Sender<Arc<HeadSet>>,
    inbox: &Receiver<Trigger>,
) {
    let mut once_more = false;
    loop {
        // Before they are looked at, so that nothing falls in between.
        told.follow(library.folders());
        let wait = if once_more { Some(ONCE_MORE) } else { told.poll };
        let trigger = match wait {
            Some(wait) => inbox.recv_timeout(wait),
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let goes_on = match trigger {
            Ok(Trigger::Look) => settled(inbox),
            Err(RecvTimeoutError::Timeout) => true,
            Ok(Trigger::Stop) | Err(RecvTimeoutError::Disconnected) => false,
        };
        if !goes_on {
            return;
        }
        once_more = trigger.is_ok();
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
