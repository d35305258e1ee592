//! What other files of a checkpoint say about its tokenizer.

use std::path::PathBuf;

use serde_json::{Map, Value};

/// What the files beside the tokenizer's own say about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizerHints {
    /// `tokenizer_class` of `config.json`, which counts if `tokenizer_config.json` has none.
    pub config_class: Option<String>,
    /// The class of the encoder's family, which counts if no file names one.
    pub family_class: Option<&'static str>,
    /// `do_lower_case` of sentence-transformers: texts are lower-cased before all else.
    pub lower_case: bool,
    /// sentence-transformers' arguments for the tokenizer, which go over `tokenizer_config.json`.
    pub arguments: Option<TokenizerArguments>,
    /// `max_seq_length` of sentence-transformers, which goes over the tokenizer's own limit.
    pub max_seq_length: Option<Limit>,
    /// `max_length` of sentence-transformers' `processing_kwargs`, which goes over all other limits.
    pub max_length: Option<Limit>,
    /// Rows of the embedding table.
    pub word_rows: Option<usize>,
    /// Texts in front of others that are one token, or whose first word is, if the vocabulary has it.
    pub markers: Vec<String>,
}

/// The longest sequence, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Tokens, special tokens included.
    pub tokens: usize,
    /// The file, for messages.
    pub file: PathBuf,
    /// The field, for messages.
    pub field: String,
}

/// Arguments for the tokenizer, and where they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenizerArguments {
    /// The file, for messages.
    pub file: PathBuf,
    /// The field that has them, for messages.
    pub field: &'static str,
    /// The arguments by name.
    pub map: Map<String, Value>,
}
