//! Why heads can't be loaded at start.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::head::HeadError;

/// Why the configured heads can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum HeadsError {
    /// A head can't be used.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The configuration names a head that was not found.
    #[error("classify.heads names \"{name}\", which was not found; the heads are {known}")]
    Unknown {
        /// The head's name.
        name: String,
        /// The heads that were found.
        known: String,
    },
    /// The configuration names a head that classifies tokens.
    #[error(
        "classify.heads names \"{name}\", which classifies tokens: /tag uses it without being \
         configured; leave it out"
    )]
    Tagger {
        /// The head's name.
        name: String,
    },
    /// A file or folder can't be read.
    #[error("{}: {source}; expected {expected}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
        /// What should be there.
        expected: &'static str,
    },
}

/// Adds to an error of reading a path what the path is, and what is expected there.
pub(super) fn unreadable(path: &Path, expected: &'static str) -> impl Fn(io::Error) -> HeadsError {
    move |source| HeadsError::Unreadable { path: path.to_owned(), source, expected }
}
