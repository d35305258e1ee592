//! A new key, and the hash that is kept of it.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::{SysError, SysRng};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What every new key begins with, so that scanners for secrets recognise it.
pub(super) const PREFIX: &str = "strata_";

/// The random bytes of a key.
const BYTES: usize = 32;

/// A key as its client sends it. It is written only where it is made; `Debug` hides it.
pub struct Secret(String);

impl Secret {
    /// A new key: `strata_` and 256 random bits of the operating system in base64url.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub fn random() -> Result<Self, SysError> {
        let mut bytes = [0; BYTES];
        SysRng.try_fill_bytes(&mut bytes)?;
        Ok(Self(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The key itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Hash([u8; 32]);

impl Sha256Hash {
    /// The hash of what a client sent.
    pub fn of_key(key: &[u8]) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// Reads 64 hexadecimal digits.
    pub fn from_hex(digits: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Whether two hashes are the same, in a time that doesn't depend on where they differ.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The first half, to tell keys apart.
    pub fn prefix(self) -> u128 {
        self.0[..16].iter().fold(0, |number, &byte| number << 8 | u128::from(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_has_256_random_bits_that_a_header_can_carry() {
        let (one, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(one.as_str(), other.as_str());
        let random = one.as_str().strip_prefix("strata_").unwrap();
        assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(random).unwrap().len(), 32);
        assert!(!format!("{one:?}").contains(random));
    }

    #[test]
    fn the_hash_is_that_of_sha256sum() {
        // printf %s strata | sha256sum
        let hex = "82ba7e1f6f4171d3648bb4f785ca31992efe32df6e024acb5bccd297feb2f263";
        let hash = Sha256Hash::of_key(b"strata");
        assert_eq!(hash.to_hex(), hex);
        assert!(hash.matches(&Sha256Hash::from_hex(&hex.to_uppercase()).unwrap()));
        assert!(Sha256Hash::from_hex(&hex[1..]).is_none());
        assert!(!hash.matches(&Sha256Hash::of_key(b"Strata")));
    }
}
