//! `config.json`: the shape of the encoder, its activation, and the labels of its classifier.

use std::collections::BTreeMap;
use std::path::Path;

use candle_transformers::models::bert;
use serde::Deserialize;
use strata_kernels::Activation;

use super::error::{CheckpointError, read_json};

/// What the outputs of a classifier mean, as in transformers' `problem_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemType {
    /// Exactly one label holds.
    SingleLabelClassification,
    /// Any number of labels hold.
    MultiLabelClassification,
    /// The outputs are numbers; there is no label to choose.
    Regression,
}

/// The content of `config.json`, checked.
#[derive(Clone, Debug)]
pub struct BertConfig {
    /// Rows of the word embedding table.
    pub vocab_size: usize,
    /// `c`, columns of a hidden state.
    pub hidden_size: usize,
    /// `L`, encoder layers.
    pub layers: usize,
    /// Attention heads; `c` is a multiple of it.
    pub attention_heads: usize,
    /// Columns between the two feed-forward layers.
    pub intermediate_size: usize,
    /// The activation between the two feed-forward layers.
    pub activation: Activation,
    /// Rows of the position table.
    pub positions: usize,
    /// Rows of the token type table.
    pub token_types: usize,
    /// Added to the variance in each layer norm.
    pub layer_norm_eps: f64,
    /// The token that pads a batch.
    pub pad_token_id: usize,
    /// Whether the architecture has a sequence classifier.
    pub is_classifier: bool,
    /// As written; `None` if it is null or missing.
    pub problem_type: Option<ProblemType>,
    /// The labels, in the numerical order of `id2label`.
    pub labels: Vec<String>,
}

/// `config.json` as written.
#[derive(Deserialize)]
struct RawConfig {
    model_type: Option<String>,
    architectures: Option<Vec<String>>,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    max_position_embeddings: usize,
    #[serde(default = "two")]
    type_vocab_size: usize,
    #[serde(default = "default_eps")]
    layer_norm_eps: f64,
    pad_token_id: Option<usize>,
    position_embedding_type: Option<String>,
    problem_type: Option<ProblemType>,
    id2label: Option<BTreeMap<String, String>>,
    num_labels: Option<usize>,
}

fn two() -> usize {
    2
}

fn default_eps() -> f64 {
    1e-12
}

impl BertConfig {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// The file is missing or isn't JSON, a field is missing or has the wrong type, the
    /// architecture is another one, sizes don't fit together, or labels aren't numbered from 0.
    pub fn read(file: &Path) -> Result<Self, CheckpointError> {
        let raw: RawConfig = read_json(file, "a checkpoint's config.json")?;
        let invalid = |message: String| CheckpointError::invalid(file, message);
        let is_classifier = check_architecture(&raw).map_err(invalid)?;
        let labels = labels(&raw).map_err(invalid)?;
        let config = Self {
            vocab_size: raw.vocab_size,
            hidden_size: raw.hidden_size,
            layers: raw.num_hidden_layers,
            attention_heads: raw.num_attention_heads,
            intermediate_size: raw.intermediate_size,
            activation: activation(&raw.hidden_act).map_err(invalid)?,
            positions: raw.max_position_embeddings,
            token_types: raw.type_vocab_size,
            layer_norm_eps: raw.layer_norm_eps,
            pad_token_id: raw.pad_token_id.unwrap_or(0),
            is_classifier,
            problem_type: raw.problem_type,
            labels,
        };
        config.check_sizes().map_err(invalid)?;
        Ok(config)
    }

    fn check_sizes(&self) -> Result<(), String> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.layers),
            ("num_attention_heads", self.attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.positions),
            ("type_vocab_size", self.token_types),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(format!("{name} is 0; at least 1 is needed"));
        }
        if !self.hidden_size.is_multiple_of(self.attention_heads) {
            return Err(format!(
                "hidden_size {} is not a multiple of num_attention_heads {}",
                self.hidden_size, self.attention_heads
            ));
        }
        if self.pad_token_id >= self.vocab_size {
            return Err(format!(
                "pad_token_id {} is not below vocab_size {}",
                self.pad_token_id, self.vocab_size
            ));
        }
        Ok(())
    }

    /// The config for candle's BERT, with `layers` encoder layers.
    pub fn candle(&self, layers: usize) -> bert::Config {
        bert::Config {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            num_hidden_layers: layers,
            num_attention_heads: self.attention_heads,
            intermediate_size: self.intermediate_size,
            hidden_act: match self.activation {
                Activation::Gelu => bert::HiddenAct::Gelu,
                Activation::GeluTanh => bert::HiddenAct::GeluApproximate,
                Activation::Relu => bert::HiddenAct::Relu,
            },
            max_position_embeddings: self.positions,
            type_vocab_size: self.token_types,
            layer_norm_eps: self.layer_norm_eps,
            pad_token_id: self.pad_token_id,
            ..bert::Config::default()
        }
    }
}

fn check_architecture(raw: &RawConfig) -> Result<bool, String> {
    let architecture = raw.architectures.as_deref().and_then(<[String]>::first);
    let family = raw.model_type.as_deref().or(architecture.map(String::as_str)).unwrap_or("none");
    if family != "bert" && !(raw.model_type.is_none() && family.starts_with("Bert")) {
        return Err(format!("model_type is \"{family}\"; only \"bert\" can be served"));
    }
    match raw.position_embedding_type.as_deref() {
        None | Some("absolute") => {}
        Some(other) => {
            return Err(format!(
                "position_embedding_type is \"{other}\"; only \"absolute\" can be served"
            ));
        }
    }
    match architecture.map(String::as_str) {
        None => Ok(false),
        Some("BertForSequenceClassification") => Ok(true),
        Some(
            "BertModel"
            | "BertForMaskedLM"
            | "BertForPreTraining"
            | "BertForNextSentencePrediction",
        ) => Ok(false),
        Some(other) => Err(format!(
            "architectures names \"{other}\"; allowed are BertModel, \
             BertForSequenceClassification, BertForMaskedLM, BertForPreTraining and \
             BertForNextSentencePrediction"
        )),
    }
}

fn activation(name: &str) -> Result<Activation, String> {
    match name {
        "gelu" => Ok(Activation::Gelu),
        "gelu_new" | "gelu_pytorch_tanh" => Ok(Activation::GeluTanh),
        "relu" => Ok(Activation::Relu),
        other => Err(format!(
            "hidden_act is \"{other}\"; allowed are \"gelu\", \"gelu_new\", \
             \"gelu_pytorch_tanh\" and \"relu\""
        )),
    }
}

/// Labels in the order of their numbers, which need not be the order in the file.
fn labels(raw: &RawConfig) -> Result<Vec<String>, String> {
    let Some(id2label) = &raw.id2label else {
        // The default of transformers is two labels.
        let count = raw.num_labels.unwrap_or(2);
        return Ok((0..count).map(|i| format!("LABEL_{i}")).collect());
    };
    let mut labels = vec![None; id2label.len()];
    for (id, label) in id2label {
        let slot = id.parse::<usize>().ok().and_then(|index| labels.get_mut(index));
        let slot = slot.ok_or_else(|| {
            format!("id2label has the key \"{id}\"; expected 0 to {}", id2label.len() - 1)
        })?;
        *slot = Some(label.clone());
    }
    labels
        .into_iter()
        .collect::<Option<_>>()
        .ok_or_else(|| "id2label has the same number twice".to_owned())
}
