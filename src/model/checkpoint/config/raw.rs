//! `config.json` as written, with the defaults of transformers' `BertConfig`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The fields that are read. Those in `others` are either refused or change nothing. What concerns a
/// classifier alone is checked only if there is one.
#[derive(Deserialize)]
#[serde(default)]
pub struct RawConfig {
    pub model_type: Option<String>,
    pub architectures: Option<Vec<String>>,
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    pub hidden_act: String,
    pub max_position_embeddings: usize,
    pub type_vocab_size: usize,
    pub layer_norm_eps: f64,
    pub pad_token_id: Option<i64>,
    pub problem_type: Option<Value>,
    pub id2label: Option<BTreeMap<String, Value>>,
    pub num_labels: Option<usize>,
    pub tokenizer_class: Option<String>,
    pub output_hidden_states: Option<bool>,
    pub sentence_transformers: Option<Value>,
    pub sbert_ce_default_activation_function: Option<Value>,
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

impl Default for RawConfig {
    fn default() -> Self {
        Self {
            model_type: None,
            architectures: None,
            vocab_size: 30_522,
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3072,
            hidden_act: "gelu".to_owned(),
            max_position_embeddings: 512,
            type_vocab_size: 2,
            layer_norm_eps: 1e-12,
            pad_token_id: None,
            problem_type: None,
            id2label: None,
            num_labels: None,
            tokenizer_class: None,
            output_hidden_states: None,
            sentence_transformers: None,
            sbert_ce_default_activation_function: None,
            others: Map::new(),
        }
    }
}
