//! `[openai]`: the routes under `/v1`.

use serde::Deserialize;

/// As written, and as checked.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAiConfig {
    /// Whether a text that has too many tokens is cut; if not, it is an error.
    pub truncate: bool,
    /// Whether token ids are read, as those of this model's tokenizer.
    pub token_ids: bool,
}
