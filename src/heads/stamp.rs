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
        Self::read_at(folder, SystemTime::now())
    }

    fn read_at(folder: &Path, now: SystemTime) -> Option<Self> {
        let now = now.duration_since(UNIX_EPOCH).ok()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_either_file_changes_the_stamp_and_young_files_have_none() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| fs::write(folder.path().join(name), content);
        let later = || Stamp::read_at(folder.path(), SystemTime::now() + 2 * SETTLED);
        write(HeadFiles::JSON, "{}").unwrap();
        assert!(later().is_none(), "a file is missing");
        write(HeadFiles::WEIGHTS, "").unwrap();
        assert!(Stamp::read(folder.path()).is_none(), "they are young");
        for changed in [HeadFiles::JSON, HeadFiles::WEIGHTS] {
            let before = later();
            assert!(before.is_some() && before == later());
            write(changed, "longer than before").unwrap();
            assert!(before != later(), "{changed}");
        }
    }
}
