//! `config.json`: the shape of the encoder, its activation, and the labels of its classifier.
//!
//! Fields mean what they mean to transformers: `raw` has its defaults, `refused` the fields that
//! would change what it computes and that are not obeyed.

mod activations;
mod architecture;
mod labels;
mod problem_type;
mod raw;
mod refused;
mod score_activation;

use std::path::Path;

use strata_kernels::Activation;

use self::activations::activation;
use self::architecture::Architecture;
use self::labels::labels;
use self::raw::RawConfig;
use super::error::{CheckpointError, read_json};
use crate::field::unusable;

pub use problem_type::ProblemType;
pub use score_activation::ScoreActivation;

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
    /// The token that pads a batch, whose row is never read.
    pub pad_token_id: usize,
    /// The class of the tokenizer, if it is written here.
    pub tokenizer_class: Option<String>,
    /// The sequence classifier, if the architecture has one.
    pub classifier: Option<ClassifierConfig>,
    /// Architectures whose heads are not served.
    pub other_heads: Vec<String>,
    /// Whether transformers gives all hidden states without being asked for them.
    pub output_hidden_states: bool,
}

/// What the config says of a classifier.
#[derive(Clone, Debug)]
pub struct ClassifierConfig {
    /// As written; `None` if it is null or missing.
    pub problem_type: Option<ProblemType>,
    /// The label of each output.
    pub labels: Vec<String>,
    /// What sentence-transformers' `CrossEncoder` applies to the outputs, or why that can't be served.
    /// It doesn't count if another file says more.
    pub score_activation: Result<ScoreActivation, String>,
}

impl BertConfig {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// The file is missing or isn't JSON, a field has the wrong type or asks for something that
    /// isn't computed, the architecture is another one, or sizes don't fit together.
    pub fn read(file: &Path) -> Result<Self, CheckpointError> {
        let raw: RawConfig = read_json(file, "a checkpoint's config.json")?;
        Self::check(raw).map_err(|message| CheckpointError::invalid(file, message))
    }

    fn check(raw: RawConfig) -> Result<Self, String> {
        let architecture = Architecture::read(&raw)?;
        refused::check(&raw.others)?;
        let classifier = if architecture.is_classifier {
            let labels = labels(&raw)?;
            let score_activation = ScoreActivation::read(&raw, labels.len());
            let problem_type = raw.problem_type.map(ProblemType::parse).transpose()?;
            Some(ClassifierConfig { problem_type, labels, score_activation })
        } else {
            None
        };
        let config = Self {
            vocab_size: raw.vocab_size,
            hidden_size: raw.hidden_size,
            layers: raw.num_hidden_layers,
            attention_heads: raw.num_attention_heads,
            intermediate_size: raw.intermediate_size,
            activation: activation(&raw.hidden_act)?,
            positions: raw.max_position_embeddings,
            token_types: raw.type_vocab_size,
            layer_norm_eps: raw.layer_norm_eps,
            pad_token_id: pad_token_id(raw.pad_token_id, raw.vocab_size)?,
            tokenizer_class: raw.tokenizer_class,
            classifier,
            other_heads: architecture.left_out,
            output_hidden_states: raw.output_hidden_states.unwrap_or(false),
        };
        config.check_sizes()?;
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
            return Err(unusable(name, 0, "at least 1 is needed"));
        }
        if !self.hidden_size.is_multiple_of(self.attention_heads) {
            let allowed = format!(
                "a multiple of num_attention_heads, which is {}, is needed",
                self.attention_heads
            );
            return Err(unusable("hidden_size", self.hidden_size, &allowed));
        }
        Ok(())
    }
}

/// The id that pads a batch: as in PyTorch's embedding table, a negative one counts from the end of
/// the vocabulary. An error says what is allowed.
fn pad_token_id(written: Option<i64>, vocab_size: usize) -> Result<usize, String> {
    let written = written.unwrap_or(0);
    let rows = i64::try_from(vocab_size).unwrap_or(i64::MAX);
    let id = if written < 0 { written + rows } else { written };
    if !(0..rows.max(1)).contains(&id) {
        let allowed =
            format!("null and {} to {}, as vocab_size says, are allowed", -rows, rows - 1);
        return Err(unusable("pad_token_id", written, &allowed));
    }
    Ok(usize::try_from(id).unwrap_or(0))
}
