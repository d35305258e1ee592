//! The folder of a head: its two files, which are read again when they may have changed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::change::{Change, reason};
use super::stamp::Stamp;
use crate::model::head::{Head, HeadContext, HeadFiles};

/// The folder of heads beside the configuration.
const BESIDE_CONFIG: &str = "config/heads";

/// The state of a head's folder when it was last read.
#[derive(Default)]
pub struct HeadFolder {
    /// The stamp of the files that were last read; `None` if they must be read again in any case.
    pub stamp: Option<Stamp>,
    /// The version that was last read, in use or not.
    pub version: String,
    /// The head in use.
    pub head: Option<Arc<Head>>,
    /// Why the version that was last read is not in use; empty if it is.
    pub reason: String,
    /// Why the files could not be read the last time.
    pub unreadable: Option<String>,
    /// Whether the server has started with these files, although it doesn't use them.
    pub left_out_at_start: bool,
}

impl HeadFolder {
    /// Why the files that are there now are not in use; `None` if they are.
    pub fn problem(&self) -> Option<&str> {
        let refused = Some(self.reason.as_str()).filter(|reason| !reason.is_empty());
        self.unreadable.as_deref().or(refused)
    }

    /// Whether files that came or changed while the server runs can't be used. Mostly, the server would
    /// not start with them.
    pub fn is_refused(&self) -> bool {
        self.problem().is_some() && !(self.left_out_at_start && self.unreadable.is_none())
    }

    /// Reads the files again if they may have changed, and returns what changed.
    pub fn refresh(&mut self, name: &str, path: &Path, context: HeadContext<'_>) -> Option<Change> {
        // The stamp is taken before the files are read, so that a write in between is noticed next
        // time.
        let stamp = Stamp::read(path);
        if stamp.is_some() && stamp == self.stamp {
            return None;
        }
        self.stamp = stamp;
        let files = match read(name, path) {
            Ok(files) => files,
            Err(error) => {
                // The files are still being written, or were removed.
                self.stamp = None;
                let reason = error.to_string();
                let is_new = self.unreadable.as_ref() != Some(&reason);
                self.unreadable = Some(reason);
                return is_new.then(|| Change::Unreadable { path: path.to_owned(), error });
            }
        };
        self.unreadable = None;
        let version = files.version();
        if version == self.version {
            return None;
        }
        self.version.clone_from(&version);
        self.left_out_at_start = false;
        let name = name.to_owned();
        match files.load(context) {
            Ok(head) => {
                self.head = Some(Arc::new(head));
                self.reason.clear();
                Some(Change::Served { name, version })
            }
            Err(error) => {
                self.reason = reason(&error);
                Some(Change::Refused { name, error })
            }
        }
    }
}

/// All folders of heads: the one beside the configuration, if it exists, then the configured ones.
pub fn folders(configured: &[PathBuf]) -> Vec<PathBuf> {
    let beside = Some(Path::new(BESIDE_CONFIG)).filter(|folder| folder.is_dir());
    beside.into_iter().map(Path::to_owned).chain(configured.iter().cloned()).collect()
}

/// The heads in `folder` by name: its folders that have a `head.json`. Links are followed.
pub fn list(folder: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut heads = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Kubernetes swaps a mounted volume through folders such as `..data`.
        if name.starts_with('.') {
            continue;
        }
        // Errors other than a missing file are reported when the head is read.
        let exists = match fs::metadata(path.join(HeadFiles::JSON)) {
            Ok(found) => found.is_file(),
            Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        };
        if exists {
            heads.insert(name, path);
        }
    }
    Ok(heads)
}

/// Reads the files of a head.
pub fn read(name: &str, path: &Path) -> io::Result<HeadFiles> {
    // The system's error doesn't name the file.
    let bytes = |file: &str| {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{file}: {error}"));
        fs::read(path.join(file)).map_err(named)
    };
    Ok(HeadFiles {
        name: name.to_owned(),
        origin: path.display().to_string(),
        json: bytes(HeadFiles::JSON)?,
        weights: bytes(HeadFiles::WEIGHTS)?,
    })
}
