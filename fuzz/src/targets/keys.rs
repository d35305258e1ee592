//! Files of API keys.

use strata::keys::{KeyEntry, KeyRing};

/// What every key begins with.
const PREFIX: &str = "strata_";

/// Reads a file of keys. Accepted entries are the same when they are written and read again, and each key
/// is in the ring; a message quotes no key.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let entries = match KeyEntry::read_all(text, "keys.toml") {
        Ok(entries) => entries,
        Err(error) => {
            let message = error.to_string();
            assert!(message.starts_with("keys.toml"), "{message}");
            assert!(!message.split([' ', ':']).any(|word| word.starts_with(PREFIX)), "{message}");
            return;
        }
    };
    let written: String = entries.iter().map(KeyEntry::to_toml).collect();
    assert_eq!(KeyEntry::read_all(&written, "keys.toml").unwrap(), entries);
    let ring = KeyRing::new(&entries, &KeyRing::default());
    let names = ring.keys().map(|key| key.name().to_string());
    assert!(names.eq(entries.iter().map(|entry| entry.name.clone())));
    // They owe nothing yet.
    ring.keys().for_each(|key| key.check().unwrap_or_else(|over| panic!("{over:?}")));
}
