//! All keys that are known at one time.

use std::sync::Arc;

use super::entry::KeyEntry;
use super::key::Key;
use super::secret::Sha256Hash;

/// All keys that are known at one time.
#[derive(Debug, Default)]
pub struct KeyRing(Vec<Arc<Key>>);

impl KeyRing {
    /// The keys of `entries`. One that was in `previous`, with the same limits, keeps what is left of
    /// them.
    pub fn new(entries: &[KeyEntry], previous: &Self) -> Self {
        let key = |entry: &KeyEntry| {
            let known = previous.0.iter().find(|key| key.is(entry));
            known.map_or_else(|| Arc::new(Key::new(entry)), Arc::clone)
        };
        Self(entries.iter().map(key).collect())
    }

    /// The key that a client sent. Its hash is compared with that of every key, each in constant time, so
    /// that the time says nothing about how near a guess is.
    pub fn find(&self, sent: &[u8]) -> Option<&Arc<Key>> {
        let hash = Sha256Hash::of_key(sent);
        self.0.iter().fold(None, |found, key| {
            let matches = key.sha256().matches(&hash);
            if matches { Some(key) } else { found }
        })
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of all keys, in the order in which they are written.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| &**key.name())
    }
}
