//! A key that is known: its name, its hash, its limits.

use std::fmt;
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
    /// The key of an entry. What is owed to the limits of the same key in `before` is owed to these.
    pub(super) fn new(entry: &KeyEntry, before: Option<&Self>) -> Self {
        let KeyEntry { name, sha256, requests_per_second, tokens_per_second } = entry;
        let clock = DefaultClock::default();
        let limits = Limits::new(*requests_per_second, *tokens_per_second, &clock);
        if let Some(before) = before {
            limits.owe(&before.limits);
        }
        Self { name: name.as_str().into(), sha256: *sha256, limits }
    }

    /// Whether this is the key of an entry, with the same name and limits.
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

    /// The SHA-256 of the key.
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

    /// Counts a request and its tokens against its limits, or neither of them.
    ///
    /// # Errors
    /// One of its limits is used up.
    pub fn charge(&self, tokens: usize) -> Result<(), OverLimit> {
        self.limits.charge(tokens)
    }
}

impl fmt::Display for Key {
    /// Its name, and its limits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, self.limits)
    }
}
