//! `[tei]`: the routes under `/tei`.

use serde::Deserialize;

/// As written, and as checked.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeiConfig {
    /// Whether a text that has too many tokens is cut if the request doesn't say; if not, it is an
    /// error.
    pub truncate: bool,
}
