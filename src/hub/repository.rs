//! A model's folder in the cache: blobs by their hash, a folder of links for each commit, and which commit a
//! branch was at.

use std::fs;
#[cfg(feature = "hub")]
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::name::{HubName, is_commit};

/// The folder of a model in the cache, which may not exist.
#[derive(Clone, Debug)]
pub struct Repository {
    dir: PathBuf,
}

impl Repository {
    /// The folder of this model in the cache.
    pub fn new(cache: &Path, name: &HubName) -> Self {
        Self { dir: cache.join(format!("models--{}", name.repository.replace('/', "--"))) }
    }

    /// The folder of one commit.
    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.dir.join("snapshots").join(commit)
    }

    /// The commit that a revision was when it was last fetched, if that commit has files here.
    pub fn cached_commit(&self, name: &HubName) -> Option<String> {
        let commit = match name.is_commit() {
            true => name.revision.clone(),
            false => fs::read_to_string(self.reference(name)).ok()?.trim().to_owned(),
        };
        (is_commit(&commit) && self.snapshot(&commit).is_dir()).then_some(commit)
    }

    fn reference(&self, name: &HubName) -> PathBuf {
        self.dir.join("refs").join(&name.revision)
    }
}

#[cfg(feature = "hub")]
impl Repository {
    /// The file with a content, by its hash.
    pub fn blob(&self, hash: &str) -> PathBuf {
        self.dir.join("blobs").join(hash)
    }

    /// A folder for what isn't complete yet. Other clients don't look into it.
    pub fn drafts(&self) -> PathBuf {
        self.dir.join(".strata-drafts")
    }

    /// Makes the folders of all files.
    pub fn create(&self) -> io::Result<()> {
        ["blobs", "refs", "snapshots", ".strata-drafts"]
            .iter()
            .try_for_each(|name| fs::create_dir_all(self.dir.join(name)))
    }

    /// Puts a file of a commit in its place: a link to the blob of that hash.
    pub fn link(&self, commit: &str, file: &str, hash: &str) -> io::Result<()> {
        let link = self.snapshot(commit).join(file);
        let depth = file.split('/').count() + 1;
        let target = ["../".repeat(depth).as_str(), "blobs/", hash].concat();
        if fs::read_link(&link).is_ok_and(|present| present == Path::new(&target)) {
            return Ok(());
        }
        if let Some(folder) = link.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::remove_file(&link) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => std::os::unix::fs::symlink(target, link),
        }
    }

    /// Remembers which commit a revision is.
    pub fn write_reference(&self, name: &HubName, commit: &str) -> io::Result<()> {
        if name.is_commit() {
            return Ok(());
        }
        let file = self.reference(name);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        crate::files::write_atomically(&file, commit.as_bytes())
    }
}
