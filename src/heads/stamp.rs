//! Whether the files of a head may have changed, without reading them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::model::head::HeadFiles;

/// Files younger than this have no stamp: file times are only as precise as a clock tick, or two
/// seconds on some file systems, so such a file could change again without a change of its times.
const SETTLED: Duration = Duration::from_secs(3);

/// The metadata of the two files of a head, links followed. Files with equal stamps have not
/// changed.
#[derive(PartialEq, Eq)]
pub struct Stamp([FileStamp; 2]);

#[derive(PartialEq, Eq)]
struct FileStamp {
    /// Device and inode.
    identity: (u64, u64),
    bytes: u64,
    /// When the content changed, in seconds and nanoseconds.
    modified: (i64, i64),
    /// When the content or the metadata changed, in seconds and nanoseconds.
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of the files in a head's folder; `None` if a file is missing or changed too
    /// recently.
    pub fn read(folder: &Path) -> Option<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        let file = |name: &str| {
            let found = fs::metadata(folder.join(name)).ok()?;
            let changed = (found.ctime(), found.ctime_nsec());
            let age = now.as_secs() as i64 - changed.0.max(found.mtime());
            (age > SETTLED.as_secs() as i64).then_some(FileStamp {
                identity: (found.dev(), found.ino()),
                bytes: found.size(),
                modified: (found.mtime(), found.mtime_nsec()),
                changed,
            })
        };
        Some(Self([file(HeadFiles::JSON)?, file(HeadFiles::WEIGHTS)?]))
    }
}
