//! `config.json` as written, with the names that most families use and the defaults of its own.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use strata_kernels::Activation;

use super::activations;
use crate::field::unusable;

/// What is written of each layer takes memory before the weights are looked at.
pub const MOST_LAYERS: usize = 1024;

/// The fields that are read. Those in `others` belong to one family, are refused, or change nothing.
/// What concerns a classifier alone is checked only if there is one.
#[derive(Clone, Deserialize)]
pub struct RawConfig {
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
    pub architectures: Option<Vec<String>>,
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

impl RawConfig {
    /// A field of one family, which has a default for it. An error names it.
    pub fn other<T: DeserializeOwned>(&self, field: &str) -> Result<T, String> {
        let value = self.others.get(field).cloned().unwrap_or_default();
        serde_path_to_error::deserialize(&value).map_err(|error| {
            let path = error.path().to_string();
            let place = if path == "." { field.to_owned() } else { format!("{field}.{path}") };
            format!("field \"{place}\": {}", error.inner())
        })
    }

    /// The activation of the feed-forward layers. An error says which there are.
    pub fn activation(&self) -> Result<Activation, String> {
        activations::find(&self.hidden_act)
    }

    /// The id that pads a batch: as in PyTorch's embedding table, a negative one counts from the end
    /// of the vocabulary. An error says what is allowed.
    pub fn padding(&self) -> Result<usize, String> {
        let written = self.pad_token_id.unwrap_or(0);
        let rows = i64::try_from(self.vocab_size).unwrap_or(i64::MAX);
        let id = if written < 0 { written + rows } else { written };
        if !(0..rows.max(1)).contains(&id) {
            let allowed =
                format!("null and {} to {}, as vocab_size says, are allowed", -rows, rows - 1);
            return Err(unusable("pad_token_id", written, &allowed));
        }
        Ok(usize::try_from(id).unwrap_or(0))
    }
}
