//! What sentence-transformers' `CrossEncoder` applies to the outputs of a classifier.

use std::path::Path;

use serde::Deserialize;

use super::raw::RawConfig;
use crate::model::checkpoint::error::{CheckpointError, read_optional_json};

/// The function from a classifier's logits to a `CrossEncoder`'s scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreActivation {
    /// The logits themselves.
    Identity,
    /// `1/(1 + e^-z)` for each.
    Sigmoid,
}

/// The fields of `config_sentence_transformers.json` that are read here.
#[derive(Deserialize)]
struct SentenceFile {
    model_type: Option<String>,
    activation_fn: Option<String>,
}

impl ScoreActivation {
    /// That of `config.json`: `sentence_transformers.activation_fn`, or the name that it had before
    /// version 4; sigmoid for one label and identity for several by default.
    pub fn read(raw: &RawConfig, labels: usize) -> Result<Self, String> {
        let section = raw.sentence_transformers.as_ref();
        let (field, path) = match section.and_then(|section| section.activation_fn.as_ref()) {
            Some(path) => ("sentence_transformers.activation_fn", path.as_ref()),
            None => (
                "sbert_ce_default_activation_function",
                raw.sbert_ce_default_activation_function.as_ref(),
            ),
        };
        match path {
            Some(path) => Self::parse(field, path),
            None if labels == 1 => Ok(Self::Sigmoid),
            None => Ok(Self::Identity),
        }
    }

    /// That of a folder saved by a `CrossEncoder` since version 5.4, which goes over that of
    /// `config.json`. Only a folder with a list of modules has one.
    pub fn read_saved(dir: &Path) -> Result<Option<Self>, CheckpointError> {
        let file = dir.join("config_sentence_transformers.json");
        if !dir.join("modules.json").exists() {
            return Ok(None);
        }
        let Some(saved) = read_optional_json::<SentenceFile>(&file)? else { return Ok(None) };
        let path =
            saved.activation_fn.filter(|_| saved.model_type.as_deref() == Some("CrossEncoder"));
        path.map(|path| Self::parse("activation_fn", &path))
            .transpose()
            .map_err(|message| CheckpointError::invalid(&file, message))
    }

    /// The function that a Python path names.
    fn parse(field: &str, path: &str) -> Result<Self, String> {
        match path {
            "torch.nn.modules.linear.Identity" | "torch.nn.Identity" => Ok(Self::Identity),
            "torch.nn.modules.activation.Sigmoid" | "torch.nn.Sigmoid" => Ok(Self::Sigmoid),
            other => Err(format!(
                "{field} is \"{other}\"; allowed are torch.nn.modules.linear.Identity and \
                 torch.nn.modules.activation.Sigmoid"
            )),
        }
    }
}
