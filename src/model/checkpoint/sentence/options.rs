//! `config_sentence_transformers.json`: the kind of the model, its prompts, and how many columns are
//! kept.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::multi_vector::{LateOptions, PyLateFields};
use crate::field::unusable;
use crate::model::checkpoint::config::ScoreActivation;
use crate::model::checkpoint::error::{CheckpointError, read_optional_json};

/// What the options say that concerns the whole model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelOptions {
    /// What the model makes of texts.
    pub kind: ModelKind,
    /// Prompts by name.
    pub prompts: BTreeMap<String, String>,
    /// The prompt for texts without another one.
    pub default_prompt: Option<String>,
    /// How many of the first columns are kept, after all modules.
    pub truncate_dim: Option<usize>,
    /// What a cross-encoder applies to its outputs; goes over the encoder's `config.json`.
    pub score_activation: Option<ScoreActivation>,
    /// What concerns late interaction.
    pub late: LateOptions,
}

/// What a model makes of texts, by the class that loads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModelKind {
    /// Rows.
    #[default]
    SentenceTransformer,
    /// Scores of pairs.
    CrossEncoder,
    /// Sparse rows.
    SparseEncoder,
    /// A vector of each token.
    MultiVectorEncoder,
}

impl ModelKind {
    /// The class.
    pub fn name(self) -> &'static str {
        match self {
            Self::SentenceTransformer => "SentenceTransformer",
            Self::CrossEncoder => "CrossEncoder",
            Self::SparseEncoder => "SparseEncoder",
            Self::MultiVectorEncoder => "MultiVectorEncoder",
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OptionsFile {
    /// `None` if the field is missing; null is another kind for sentence-transformers.
    #[serde(deserialize_with = "present")]
    model_type: Option<Value>,
    prompts: Option<BTreeMap<String, Option<String>>>,
    default_prompt_name: Option<String>,
    truncate_dim: Option<usize>,
    activation_fn: Option<Value>,
    #[serde(flatten)]
    late: PyLateFields,
}

/// `Some` for null, so that a field with null isn't one that is missing.
pub fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

/// The names of prompts that every model has; empty unless it says more.
const BUILT_IN_PROMPTS: [&str; 2] = ["query", "document"];

impl ModelOptions {
    /// The file's name.
    pub const FILE: &str = "config_sentence_transformers.json";

    /// Reads the file in a checkpoint's folder, which may be missing.
    ///
    /// # Errors
    /// The model is of an unknown kind, or its default prompt doesn't exist.
    pub fn read(dir: &Path) -> Result<Self, CheckpointError> {
        let file = dir.join(Self::FILE);
        let raw: OptionsFile = read_optional_json(&file)?.unwrap_or_default();
        raw.check().map_err(|message| CheckpointError::invalid(&file, message))
    }
}

impl OptionsFile {
    fn check(self) -> Result<ModelOptions, String> {
        let has_type = self.model_type.is_some();
        let (kind, is_pylate) = kind(self.model_type, self.late.has_any())?;
        let is_cross_encoder = kind == ModelKind::CrossEncoder;
        if self.truncate_dim == Some(0) {
            return Err(unusable("truncate_dim", 0, "at least 1 is needed"));
        }
        // A prompt of null is an empty one.
        let prompts = self.prompts.unwrap_or_default().into_iter();
        let mut prompts: BTreeMap<String, String> =
            prompts.map(|(name, prompt)| (name, prompt.unwrap_or_default())).collect();
        for name in BUILT_IN_PROMPTS {
            prompts.entry(name.to_owned()).or_default();
        }
        let late = match kind {
            ModelKind::MultiVectorEncoder => self.late.check(&mut prompts, is_pylate, has_type)?,
            _ => LateOptions::default(),
        };
        let default_prompt = self.default_prompt_name.as_ref().map(|name| {
            prompts.get(name).cloned().ok_or_else(|| {
                let names: Vec<&str> = prompts.keys().map(String::as_str).collect();
                let allowed = format!("allowed are the names of prompts: {}", names.join(", "));
                unusable("default_prompt_name", name.as_str(), &allowed)
            })
        });
        let default_prompt = default_prompt.transpose()?.filter(|prompt| !prompt.is_empty());
        if let Some(prompt) = &default_prompt
            && is_cross_encoder
        {
            let allowed = "a cross-encoder can only be served without a default prompt";
            return Err(unusable("default_prompt_name", prompt.as_str(), allowed));
        }
        let activation = self.activation_fn.filter(|_| is_cross_encoder);
        let activation = activation.map(|path| ScoreActivation::parse("activation_fn", &path));
        Ok(ModelOptions {
            kind,
            prompts,
            default_prompt,
            truncate_dim: self.truncate_dim,
            score_activation: activation.transpose()?,
            late,
        })
    }
}

/// The kind of a model by its `model_type`, and whether PyLate wrote the file: up to its version 3 it had a
/// type of its own, or none, and only fields that others don't have.
fn kind(model_type: Option<Value>, has_pylate_fields: bool) -> Result<(ModelKind, bool), String> {
    let Some(written) = model_type else {
        return Ok(match has_pylate_fields {
            true => (ModelKind::MultiVectorEncoder, true),
            false => (ModelKind::SentenceTransformer, false),
        });
    };
    match written.as_str() {
        Some("SentenceTransformer") => Ok((ModelKind::SentenceTransformer, false)),
        Some("CrossEncoder") => Ok((ModelKind::CrossEncoder, false)),
        Some("SparseEncoder") => Ok((ModelKind::SparseEncoder, false)),
        Some("MultiVectorEncoder") => Ok((ModelKind::MultiVectorEncoder, false)),
        Some("ColBERT") => Ok((ModelKind::MultiVectorEncoder, true)),
        _ => {
            let allowed = "allowed are \"SentenceTransformer\", \"CrossEncoder\", \"SparseEncoder\", \
                           \"MultiVectorEncoder\" and \"ColBERT\"";
            Err(unusable("model_type", written, allowed))
        }
    }
}
