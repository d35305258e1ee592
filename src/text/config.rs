//! The fields of a tokenizer's configuration files that are used.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::TokenizerError;

/// The fields of `tokenizer_config.json` that are used.
#[derive(Deserialize)]
pub(super) struct TokenizerConfig {
    /// The longest sequence; 1e30 for no limit.
    #[serde(default)]
    pub model_max_length: Option<f64>,
    /// Whether texts are lower-cased; for `vocab.txt` only.
    #[serde(default = "yes")]
    pub do_lower_case: bool,
    /// Whether accents are removed; for `vocab.txt` only.
    #[serde(default)]
    pub strip_accents: Option<bool>,
    /// Whether each CJK character is a word; for `vocab.txt` only.
    #[serde(default = "yes")]
    pub tokenize_chinese_chars: bool,
}

fn yes() -> bool {
    true
}

/// The field of `sentence_bert_config.json` that is used: what sentence-transformers does to a text
/// before tokenisation.
#[derive(Default, Deserialize)]
pub(super) struct SentenceConfig {
    /// Whether texts are lower-cased before the tokenizer's own normalisation.
    #[serde(default)]
    pub do_lower_case: bool,
}

/// Reads a JSON file; a missing file is read as `{}`.
pub(super) fn read_config<T: DeserializeOwned>(file: &Path) -> Result<T, TokenizerError> {
    let error = |message: String| TokenizerError { file: file.into(), message };
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(cause) if cause.kind() == ErrorKind::NotFound => "{}".to_owned(),
        Err(cause) => return Err(error(cause.to_string())),
    };
    serde_json::from_str(&text).map_err(|cause| error(cause.to_string()))
}
