//! A key that is known: its name, its hash, its limits.

use std::sync::Arc;

use governor::clock::DefaultClock;

use super::entry::KeyEntry;
use super::limits::{Limits, OverLimit};
use super::secret::Sha256Hash;

/// A key that is known.
#[derive(Debug)]
pub struct Key {
    name: Arc<str>,
    sha256: Sha256Hash,
    limits: Limits,
}

impl Key {
    /// A key with unused limits.
    pub(super) fn new(entry: &KeyEntry) -> Self {
        let KeyEntry { name, sha256, requests_per_second, tokens_per_second } = entry;
        let limits =
            Limits::new(*requests_per_second, *tokens_per_second, &DefaultClock::default());
        Self { name: name.as_str().into(), sha256: *sha256, limits }
    }

    /// Whether this is the key of an entry, with the same limits.
    pub(super) fn is(&self, entry: &KeyEntry) -> bool {
        let KeyEntry { name, sha256, requests_per_second, tokens_per_second } = entry;
        *self.name == **name
            && self.sha256 == *sha256
            && self.limits.has(*requests_per_second, *tokens_per_second)
    }

    /// Its name, for the log and the metrics.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The hash of the key.
    pub fn sha256(&self) -> &Sha256Hash {
        &self.sha256
    }

    /// Whether a request would be let in now. Counts nothing.
    ///
    /// # Errors
    /// One of its limits is used up.
    pub fn check(&self) -> Result<(), OverLimit> {
        self.limits.check()
    }

    /// Counts `requests` and `tokens` against its limits, or neither of them.
    ///
    /// # Errors
    /// One of its limits is used up.
    pub fn charge(&self, requests: usize, tokens: usize) -> Result<(), OverLimit> {
        self.limits.charge(requests, tokens)
    }
}
