//! Entries for the tests of this module.

use super::secret::Sha256Hash;

/// The SHA-256 of a key, as it is written.
pub fn hex(key: &str) -> String {
    Sha256Hash::of_key(key.as_bytes()).to_hex()
}

/// An entry whose key is the same as its name.
pub fn entry(name: &str) -> String {
    format!("{name} = '{}'\n", hex(name))
}
