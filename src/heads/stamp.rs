//! Whether files may have changed since they were last read, without reading them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{JSON, WEIGHTS};

/// Times are as coarse as a clock tick, or two seconds on some file systems: of files younger than
/// this a stamp says nothing, since they could change again and look the same.
const SETTLED: Duration = Duration::from_secs(3);

/// What the system says of a head's two files, links followed.
#[derive(PartialEq, Eq)]
pub struct Stamp([File; 2]);

#[derive(PartialEq, Eq)]
struct File {
    /// Device and number.
    identity: (u64, u64),
    bytes: u64,
    /// Of the content and of the rest, in seconds and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// `None` if a file isn't there, or has been changed so lately that its stamp says nothing.
    pub fn of(folder: &Path) -> Option<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        let file = |name: &str| {
            let found = fs::metadata(folder.join(name)).ok()?;
            let changed = (found.ctime(), found.ctime_nsec());
            let age = now.as_secs() as i64 - changed.0.max(found.mtime());
            (age > SETTLED.as_secs() as i64).then_some(File {
                identity: (found.dev(), found.ino()),
                bytes: found.size(),
                modified: (found.mtime(), found.mtime_nsec()),
                changed,
            })
        };
        Some(Self([file(JSON)?, file(WEIGHTS)?]))
    }
}
