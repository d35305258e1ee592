//! What is found, and what happens until then.

use std::path::PathBuf;

/// The files of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Their folder.
    pub dir: PathBuf,
    /// The commit.
    pub commit: String,
}

/// What happens while a model is located, for whoever waits.
#[derive(Debug)]
pub enum Event<'e> {
    /// So many bytes of so many files have to be fetched.
    Fetching {
        /// Files that the cache lacks.
        files: usize,
        /// Their bytes.
        bytes: u64,
    },
    /// So many more bytes have been fetched.
    Fetched(u64),
    /// The connection was lost, or a file came damaged; it is tried again.
    Again {
        /// The name of the file.
        file: &'e str,
        /// What happened.
        reason: &'e str,
    },
    /// The hub doesn't answer, and the cache has the model.
    FromCache {
        /// Why the hub isn't asked.
        reason: &'e str,
    },
}
