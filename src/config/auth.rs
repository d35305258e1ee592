//! `[auth]`: the API keys.

use std::path::PathBuf;

use serde::Deserialize;

use super::error::Refusal;
use crate::keys::{KeyEntry, KeySource};

/// As written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAuth {
    pub keys_file: String,
    pub keys: String,
}

/// The API keys. See `[auth]` in `config/strata.toml`.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// Where the keys are. The file isn't read yet.
    pub source: KeySource,
}

impl TryFrom<RawAuth> for AuthConfig {
    type Error = Refusal;

    fn try_from(RawAuth { keys_file, keys }: RawAuth) -> Result<Self, Refusal> {
        KeyEntry::read_all(&keys, "auth.keys")
            .map_err(|error| Refusal::hidden("auth.keys", error))?;
        let file = (!keys_file.trim().is_empty()).then(|| PathBuf::from(keys_file));
        Ok(Self { source: KeySource { file, text: keys } })
    }
}
