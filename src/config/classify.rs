//! `[classify]`: defaults of `/classify`.

use serde::Deserialize;

/// As written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClassify {
    pub heads: Vec<String>,
}

/// Defaults of `/classify`.
#[derive(Clone, Debug)]
pub struct ClassifyConfig {
    /// Heads of a request that names none; `None` for all loaded heads.
    pub heads: Option<Vec<String>>,
}

impl From<RawClassify> for ClassifyConfig {
    fn from(raw: RawClassify) -> Self {
        Self { heads: Some(raw.heads).filter(|heads| !heads.is_empty()) }
    }
}
