//! `tokenizer.json`, as far as it isn't left to the tokenizers crate.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::text::error::TokenizerError;

/// The content of a `tokenizer.json`. What is missing is null.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct TokenizerJson {
    /// The file.
    #[serde(skip)]
    pub file: PathBuf,
    /// Its bytes.
    #[serde(skip)]
    pub bytes: Vec<u8>,
    /// The model with its vocabulary.
    pub model: Value,
    /// The tokens that are added to the vocabulary.
    pub added_tokens: Value,
    /// Where a text is cut.
    pub truncation: Value,
    /// How a batch is padded.
    pub padding: Value,
    /// What happens to a text before it is split into words.
    pub normalizer: Value,
    /// What splits it into words.
    pub pre_tokenizer: Value,
    /// What adds special tokens.
    pub post_processor: Value,
}

impl TokenizerJson {
    /// Reads the file; `None` if there is none.
    ///
    /// # Errors
    /// It can't be read or isn't a JSON object.
    pub fn read(dir: &Path) -> Result<Option<Self>, TokenizerError> {
        let file = dir.join("tokenizer.json");
        if !file.exists() {
            return Ok(None);
        }
        let bytes = fs::read(&file).map_err(|cause| TokenizerError::new(&file, cause))?;
        let not_one = |cause| {
            TokenizerError::new(&file, format!("not a tokenizer: {cause}; download it again"))
        };
        // All of it first: what isn't read here is left to the tokenizers crate, which panics at
        // some mistakes.
        let whole: Value = serde_json::from_slice(&bytes).map_err(not_one)?;
        let json = Self::deserialize(whole).map_err(not_one)?;
        if !json.model.is_object() {
            return Err(TokenizerError::new(&file, "not a tokenizer: it has no model"));
        }
        Ok(Some(Self { file: file.clone(), bytes, ..json }))
    }
}

/// A token's id, if it is one: a whole number, 0 or above.
pub fn token_id(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|id| u32::try_from(id).ok())
}
