//! `config.json` as written, with the defaults of transformers' `BertConfig`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::problem_type::ProblemType;

/// The fields that are read. Those in `others` are either refused or change nothing.
#[derive(Deserialize)]
pub struct RawConfig {
    pub model_type: Option<String>,
    pub architectures: Option<Vec<String>>,
    #[serde(default = "vocab_size")]
    pub vocab_size: usize,
    #[serde(default = "hidden_size")]
    pub hidden_size: usize,
    #[serde(default = "twelve")]
    pub num_hidden_layers: usize,
    #[serde(default = "twelve")]
    pub num_attention_heads: usize,
    #[serde(default = "intermediate_size")]
    pub intermediate_size: usize,
    #[serde(default = "gelu")]
    pub hidden_act: String,
    #[serde(default = "positions")]
    pub max_position_embeddings: usize,
    #[serde(default = "two")]
    pub type_vocab_size: usize,
    #[serde(default = "layer_norm_eps")]
    pub layer_norm_eps: f64,
    pub pad_token_id: Option<i64>,
    pub problem_type: Option<ProblemType>,
    pub id2label: Option<BTreeMap<String, Value>>,
    pub num_labels: Option<usize>,
    pub tokenizer_class: Option<String>,
    pub sentence_transformers: Option<SentenceSection>,
    pub sbert_ce_default_activation_function: Option<String>,
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// The section `sentence_transformers` of `config.json`.
#[derive(Deserialize)]
pub struct SentenceSection {
    /// `None` if the field is missing, `Some(None)` if it is null.
    #[serde(default, deserialize_with = "present")]
    pub activation_fn: Option<Option<String>>,
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

fn vocab_size() -> usize {
    30_522
}

fn hidden_size() -> usize {
    768
}

fn twelve() -> usize {
    12
}

fn intermediate_size() -> usize {
    3072
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn positions() -> usize {
    512
}

fn two() -> usize {
    2
}

fn layer_norm_eps() -> f64 {
    1e-12
}
