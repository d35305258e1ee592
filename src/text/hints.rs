//! What other files of a checkpoint say about its tokenizer.

use serde_json::{Map, Value};

/// What the files beside the tokenizer's own say about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizerHints {
    /// `tokenizer_class` of `config.json`, which counts if `tokenizer_config.json` has none.
    pub config_class: Option<String>,
    /// `model_type` of `config.json`.
    pub model_type: Option<String>,
    /// `do_lower_case` of sentence-transformers: texts are lower-cased before all else.
    pub lower_case: bool,
    /// sentence-transformers' arguments for the tokenizer (`processor_kwargs`, `tokenizer_args`),
    /// which go over `tokenizer_config.json`.
    pub arguments: Map<String, Value>,
    /// `max_seq_length` of sentence-transformers, which goes over the tokenizer's own limit.
    pub max_seq_length: Option<usize>,
    /// Rows of the embedding table.
    pub word_rows: Option<usize>,
}
