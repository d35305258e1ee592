//! `config.json`: the family and the shape of the encoder, and the labels of its classifier.
//!
//! Fields mean what they mean to transformers: each of the `families` has its defaults, `refused` the
//! fields that would change what it computes and that are not obeyed.

mod activations;
mod architecture;
mod fields;
mod labels;
mod problem_type;
mod raw;
mod refused;
mod score_activation;

use std::path::Path;

use serde_json::{Map, Value};
use strata_kernels::Activation;

use self::architecture::Architecture;
use self::labels::labels;
use super::error::{CheckpointError, read_json};
use super::families::Family;
use super::spec::{ClassifierLayer, ClassifierSpec, EncoderSpec, PredictionSpec};
use crate::field::unusable;

pub(super) use architecture::MASKED;
pub use problem_type::ProblemType;
pub(super) use raw::{MOST_LAYERS, RawConfig};
pub use score_activation::ScoreActivation;

/// The content of `config.json`, checked.
#[derive(Clone, Debug)]
pub struct EncoderConfig {
    /// The family of the encoder.
    pub family: &'static Family,
    /// What the encoder computes.
    pub spec: EncoderSpec,
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
    /// `max_position_embeddings`.
    pub positions: usize,
    /// The most tokens of a sequence, special tokens included.
    pub max_tokens: usize,
    /// Rows of the token type table, if there is one. Without it token types change nothing.
    pub token_types: Option<usize>,
    /// Added to the variance in each layer norm.
    pub layer_norm_eps: f64,
    /// The token that pads a batch, whose row is never read.
    pub pad_token_id: usize,
    /// The class of the tokenizer, if it is written here.
    pub tokenizer_class: Option<String>,
    /// The sequence classifier, if the architecture has one.
    pub classifier: Option<ClassifierConfig>,
    /// The token classifier, if the architecture has one.
    pub tagger: Option<TaggerConfig>,
    /// The layers that predict tokens, if the architecture has them, or why they can't be served. They
    /// are read only for sparse embeddings.
    pub prediction: Option<Result<PredictionSpec, String>>,
    /// Architectures whose heads are not served.
    pub other_heads: Vec<String>,
    /// Whether transformers gives all hidden states without being asked for them.
    pub output_hidden_states: bool,
}

/// What the config says of a classifier of tokens.
#[derive(Clone, Debug)]
pub struct TaggerConfig {
    /// Its layers, on the last hidden state of each token.
    pub layers: Vec<ClassifierLayer>,
    /// The label of each output.
    pub labels: Vec<String>,
}

/// What the config says of a classifier.
#[derive(Clone, Debug)]
pub struct ClassifierConfig {
    /// Its layers.
    pub spec: ClassifierSpec,
    /// As written; `None` if it is null or missing.
    pub problem_type: Option<ProblemType>,
    /// The label of each output.
    pub labels: Vec<String>,
    /// What sentence-transformers' `CrossEncoder` applies to the outputs, or why that can't be served.
    /// It doesn't count if another file says more.
    pub score_activation: Result<ScoreActivation, String>,
}

impl EncoderConfig {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// The file is missing or isn't JSON, a field has the wrong type or asks for something that
    /// isn't computed, the architecture is another one, or sizes don't fit together.
    pub fn read(file: &Path) -> Result<Self, CheckpointError> {
        let fields: Map<String, Value> = read_json(file, "a checkpoint's config.json")?;
        Self::check(fields).map_err(|message| CheckpointError::invalid(file, message))
    }

    /// Name and shape of each tensor that is read: of the encoder, and of its classifiers.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>)> {
        let classifier = self.classifier.iter().map(|classifier| &classifier.spec.layers);
        let tagger = self.tagger.iter().map(|tagger| &tagger.layers);
        let heads = classifier.chain(tagger);
        self.spec.tensors().chain(heads.flat_map(|layers| ClassifierLayer::tensors(layers)))
    }

    fn check(fields: Map<String, Value>) -> Result<Self, String> {
        let family = architecture::family(&fields)?;
        let raw = fields::read(family, fields)?;
        refused::check(family, &raw.others)?;
        fields::check(family, &raw)?;
        let architecture = Architecture::read(family, &raw);
        let classifier = if architecture.is_classifier {
            let labels = labels(&raw)?;
            let spec = (family.classifier)(&raw, labels.len())?;
            let score_activation = ScoreActivation::read(&raw, labels.len());
            let problem_type = raw.problem_type.clone().map(ProblemType::parse).transpose()?;
            Some(ClassifierConfig { spec, problem_type, labels, score_activation })
        } else {
            None
        };
        let tagger = if architecture.is_tagger {
            let labels = labels(&raw)?;
            Some(TaggerConfig { layers: (family.tagger)(&raw, labels.len())?, labels })
        } else {
            None
        };
        let spec = (family.encoder)(&raw)?;
        let prediction = architecture.is_masked.then(|| prediction(family, &raw, &spec));
        let positions = raw.max_position_embeddings;
        let rows = spec.embeddings.positions.as_ref().map(|positions| positions.rows);
        let max_tokens = rows.map_or(positions, |rows| rows.most_tokens(positions));
        if max_tokens == 0 {
            let allowed = "positions begin after pad_token_id, and no row is left for a token";
            return Err(unusable("max_position_embeddings", positions, allowed));
        }
        Ok(Self {
            family,
            vocab_size: raw.vocab_size,
            hidden_size: raw.hidden_size,
            layers: spec.layers.len(),
            attention_heads: raw.num_attention_heads,
            intermediate_size: raw.intermediate_size,
            activation: spec.activation,
            positions,
            max_tokens,
            token_types: spec.embeddings.token_types.as_ref().map(|table| table.rows),
            layer_norm_eps: raw.layer_norm_eps,
            pad_token_id: raw.padding()?,
            tokenizer_class: raw.tokenizer_class,
            classifier,
            tagger,
            prediction,
            other_heads: architecture.left_out,
            output_hidden_states: raw.output_hidden_states.unwrap_or(false),
            spec,
        })
    }
}

/// The layers that predict tokens after an encoder. An error says why they can't be served.
fn prediction(
    family: &Family,
    raw: &RawConfig,
    encoder: &EncoderSpec,
) -> Result<PredictionSpec, String> {
    let layers = family.prediction.ok_or_else(|| {
        let allowed = "its layers that predict tokens can't be served";
        unusable("model_type", family.model_type, allowed)
    })?;
    const SHARED: &str = "tie_word_embeddings";
    let written = raw.others.get(SHARED).cloned().unwrap_or_default();
    if ![Value::Null, Value::Bool(true)].contains(&written) {
        let allowed = "tokens are predicted by the word embeddings, so only true can be served";
        return Err(unusable(SHARED, written, allowed));
    }
    let (layers, bias) = layers(raw)?;
    let decoder = encoder.embeddings.words.clone();
    Ok(PredictionSpec { layers, decoder, bias: bias.map(str::to_owned) })
}
