//! Notifications of the operating system about changes in folders.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// Watches folders through the operating system.
pub struct FolderWatcher {
    watcher: notify::Result<RecommendedWatcher>,
    /// Device and inode of each folder when it was last watched. The system watches the folder, not
    /// its path: a folder that replaces another has to be watched again.
    watched: BTreeMap<PathBuf, Option<(u64, u64)>>,
    /// How often folders are also polled, for messages.
    poll: Option<Duration>,
}

impl FolderWatcher {
    /// Calls `changed` on every change in the watched folders.
    pub fn new(changed: impl Fn() + Send + 'static, poll: Option<Duration>) -> Self {
        let on_event = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_change(event.kind)) {
                changed();
            }
        };
        let watcher = notify::recommended_watcher(on_event);
        Self { watcher, watched: BTreeMap::new(), poll }
    }

    /// Watches each folder that is new or was replaced. A folder that can't be watched is logged.
    pub fn watch<'f>(&mut self, folders: impl Iterator<Item = &'f Path>) {
        for folder in folders {
            let identity = fs::metadata(folder).ok().map(|found| (found.dev(), found.ino()));
            if self.watched.get(folder) == Some(&identity) {
                continue;
            }
            let known = self.watched.insert(folder.to_owned(), identity).is_some();
            let watched = match &mut self.watcher {
                Ok(watcher) => {
                    if known {
                        // Usually the old folder is gone, and its watch with it.
                        let _ = watcher.unwatch(folder);
                    }
                    let watched = watcher.watch(folder, RecursiveMode::Recursive);
                    watched.map_err(|error| error.to_string())
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = watched {
                let instead = match self.poll {
                    Some(poll) => format!("it is polled every {} ms", poll.as_millis()),
                    None => "heads_poll_ms is 0, so it is only read on SIGHUP".to_owned(),
                };
                tracing::warn!(folder = %folder.display(), "can't be watched: {error}; {instead}");
            }
        }
    }
}

/// Whether an event is a change. Opening and reading a file are not: refreshing does that itself.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}
