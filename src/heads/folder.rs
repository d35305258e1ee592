//! A head's folder: its two files, read when they may have changed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::stamp::Stamp;
use super::{JSON, WEIGHTS};
use crate::model::head::{Head, HeadError, HeadFiles};
use crate::model::recipe_book::RecipeBook;

/// A head folder.
#[derive(Default)]
pub struct Entry {
    /// `None` if it has to be read again whatever its files look like.
    pub stamp: Option<Stamp>,
    /// Of what was last read, served or not.
    pub version: String,
    pub head: Option<Arc<Head>>,
    /// Why what was last read is not served.
    pub reason: String,
}

impl Entry {
    /// Reads it again if it may have changed; what is new, if anything is.
    pub fn refresh(
        &mut self,
        name: &str,
        path: &Path,
        (recipes, fingerprint): (&RecipeBook, &str),
    ) -> Option<News> {
        // Before the files are read: what is written meanwhile is seen the next time.
        let stamp = Stamp::of(path);
        if stamp.is_some() && stamp == self.stamp {
            return None;
        }
        self.stamp = stamp;
        let files = match read(name, path) {
            Ok(files) => files,
            Err(error) => {
                // Somebody is still at work there, or has left.
                self.stamp = None;
                let reason = error.to_string();
                let known = std::mem::replace(&mut self.reason, reason) == self.reason;
                return (!known).then(|| News::Unreadable(path.to_owned(), error));
            }
        };
        let version = files.version();
        if version == self.version {
            return None;
        }
        self.version.clone_from(&version);
        match files.load(recipes, fingerprint) {
            Ok(head) => {
                self.head = Some(Arc::new(head));
                self.reason.clear();
                Some(News::Served(name.to_owned(), version))
            }
            Err(error) => {
                self.reason = reason(&error);
                Some(News::Refused(name.to_owned(), error))
            }
        }
    }
}

/// Something that has changed.
pub enum News {
    /// A head of this name and version is served.
    Served(String, String),
    /// Its folder is gone.
    Removed(String),
    /// It is not served, and why; what was before it goes on being served.
    Refused(String, HeadError),
    /// It can't be read.
    Unreadable(PathBuf, io::Error),
}

impl News {
    /// Says so in the log; to be done once it is so.
    pub fn log(&self) {
        match self {
            Self::Served(head, version) => tracing::info!(head, version, "served from now on"),
            Self::Removed(head) => tracing::info!(head, "removed"),
            Self::Refused(head, error @ HeadError::Unfinished { .. }) => {
                tracing::info!(head, "waits: {error}");
            }
            Self::Refused(head, error) => tracing::warn!(head, "refused: {error}"),
            Self::Unreadable(path, error) => {
                tracing::warn!(path = %path.display(), "can't be read: {error}");
            }
        }
    }
}

/// What `/info` and refusals say of a head that is not served.
pub fn reason(error: &HeadError) -> String {
    match error {
        HeadError::OtherEncoder { .. } => "it was made for another encoder".to_owned(),
        HeadError::Unfinished { .. } => "its weights are not yet those of its head.json".to_owned(),
        HeadError::Broken { message, .. } => message.clone(),
    }
}

/// The folders in `folder` that have a `head.json`, by name; links are followed.
pub fn list(folder: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut heads = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // `..data` and the like are how Kubernetes swaps a mount.
        if name.starts_with('.') {
            continue;
        }
        // What can't be looked at for another reason than not being there is told when it is read.
        let there = match fs::metadata(path.join(JSON)) {
            Ok(found) => found.is_file(),
            Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        };
        if there {
            heads.insert(name, path);
        }
    }
    Ok(heads)
}

pub fn read(name: &str, path: &Path) -> io::Result<HeadFiles> {
    Ok(HeadFiles {
        name: name.to_owned(),
        origin: path.display().to_string(),
        json: fs::read(path.join(JSON))?,
        weights: fs::read(path.join(WEIGHTS))?,
    })
}
