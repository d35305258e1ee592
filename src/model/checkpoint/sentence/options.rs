//! `config_sentence_transformers.json`: the kind of the model, its prompts, and how many columns are
//! kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::model::checkpoint::error::{CheckpointError, read_optional_json};

/// What the options say that concerns the whole model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelOptions {
    /// The model is a cross-encoder: it scores pairs.
    pub is_cross_encoder: bool,
    /// Prompts by name.
    pub prompts: BTreeMap<String, String>,
    /// The prompt for texts without another one.
    pub default_prompt: Option<String>,
    /// How many of the first columns are kept, after all modules.
    pub truncate_dim: Option<usize>,
}

#[derive(Default, Deserialize)]
struct OptionsFile {
    model_type: Option<String>,
    prompts: Option<BTreeMap<String, Option<String>>>,
    default_prompt_name: Option<String>,
    truncate_dim: Option<usize>,
}

/// The names of prompts that every model has; empty unless it says more.
const BUILT_IN_PROMPTS: [&str; 2] = ["query", "document"];

impl ModelOptions {
    /// The file's name.
    pub const FILE: &str = "config_sentence_transformers.json";

    /// Reads the file in a checkpoint's folder, which may be missing.
    ///
    /// # Errors
    /// The model is of another kind, or its default prompt doesn't exist.
    pub fn read(dir: &Path) -> Result<Self, CheckpointError> {
        let file = dir.join(Self::FILE);
        let raw: OptionsFile = read_optional_json(&file)?.unwrap_or_default();
        let options = raw.check().map_err(|message| CheckpointError::invalid(&file, message))?;
        Ok(options)
    }

    /// The file in a checkpoint's folder, for messages.
    pub fn file(dir: &Path) -> PathBuf {
        dir.join(Self::FILE)
    }
}

impl OptionsFile {
    fn check(self) -> Result<ModelOptions, String> {
        let is_cross_encoder = match self.model_type.as_deref() {
            None | Some("SentenceTransformer") => false,
            Some("CrossEncoder") => true,
            Some(other) => {
                return Err(format!(
                    "model_type is \"{other}\"; allowed are \"SentenceTransformer\" and \
                     \"CrossEncoder\""
                ));
            }
        };
        if self.truncate_dim == Some(0) {
            return Err("truncate_dim is 0; at least 1 is needed".to_owned());
        }
        // A prompt of null is an empty one.
        let prompts = self.prompts.unwrap_or_default().into_iter();
        let prompts: BTreeMap<String, String> =
            prompts.map(|(name, prompt)| (name, prompt.unwrap_or_default())).collect();
        let default_prompt = match &self.default_prompt_name {
            None => None,
            Some(name) => match prompts.get(name) {
                None if BUILT_IN_PROMPTS.contains(&name.as_str()) => None,
                None => {
                    return Err(format!(
                        "default_prompt_name is \"{name}\", which is not in prompts"
                    ));
                }
                Some(prompt) => Some(prompt.clone()),
            },
        };
        if let Some(prompt) = default_prompt.as_ref().filter(|prompt| !prompt.is_empty())
            && is_cross_encoder
        {
            return Err(format!(
                "default_prompt_name chooses the prompt \"{prompt}\"; a cross-encoder can only be \
                 served without a default prompt"
            ));
        }
        Ok(ModelOptions {
            is_cross_encoder,
            prompts,
            default_prompt,
            truncate_dim: self.truncate_dim,
        })
    }
}
