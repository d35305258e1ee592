//! All keys that are known at one time.

use std::collections::HashMap;
use std::sync::Arc;

use super::entry::KeyEntry;
use super::key::Key;
use super::secret::Sha256Hash;

/// All keys that are known at one time.
#[derive(Debug, Default)]
pub struct KeyRing {
    /// In the order in which they are written.
    keys: Vec<Arc<Key>>,
    /// The same by the first half of their hash.
    by_hash: HashMap<u128, Arc<Key>>,
    /// Whether a request needs a key.
    required: bool,
}

impl KeyRing {
    /// The keys of `entries`, one of which a request then needs; if there are none, no request is let in.
    /// One that was in `previous` keeps what it owes to its limits.
    pub fn new(entries: &[KeyEntry], previous: &Self) -> Self {
        let key = |entry: &KeyEntry| match previous.by_hash.get(&entry.sha256.prefix()) {
            Some(key) if key.is(entry) => Arc::clone(key),
            before => Arc::new(Key::new(entry, before.map(|key| &**key))),
        };
        let keys: Vec<_> = entries.iter().map(key).collect();
        let by_hash = keys.iter().map(|key| (key.sha256().prefix(), Arc::clone(key))).collect();
        Self { keys, by_hash, required: true }
    }

    /// Whether a request needs a key. It doesn't where keys were never configured.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// The key that a client sent. It is found by half of its hash, of which a guess reveals nothing, and
    /// compared in constant time.
    pub fn find(&self, sent: &[u8]) -> Option<&Arc<Key>> {
        let hash = Sha256Hash::of_key(sent);
        self.by_hash.get(&hash.prefix()).filter(|key| key.sha256().matches(&hash))
    }

    /// The number of keys.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// All keys, in the order in which they are written.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().map(|key| &**key)
    }
}
