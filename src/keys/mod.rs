//! Named API keys: making one, reading them from TOML, recognising one, and the limits of each.
//!
//! Of a key only its SHA-256 is kept. That is enough for a random key of 256 bits, which nobody can
//! guess and so needs no slow hash; a password would need one. Nothing here prints or logs a key, nor a
//! line of a file of keys, in which somebody may have put one by mistake.

mod bucket;
mod entry;
mod error;
mod key;
mod limits;
mod ring;
mod secret;
mod source;
mod watch;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use bucket::Rate;
pub use entry::KeyEntry;
pub use error::KeysError;
pub use key::Key;
pub use limits::{Limited, OverLimit};
pub use ring::KeyRing;
pub use secret::{Secret, Sha256Hash};
pub use source::KeySource;
pub use watch::KeyWatch;
