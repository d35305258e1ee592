//! What sentence-transformers' `CrossEncoder` applies to the outputs of a classifier.

use serde_json::Value;

use super::raw::RawConfig;
use crate::field::unusable;

/// The function from a classifier's logits to a `CrossEncoder`'s scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreActivation {
    /// The logits themselves.
    Identity,
    /// `1/(1 + e^-z)` for each.
    Sigmoid,
}

impl ScoreActivation {
    /// That of `config.json`: `sentence_transformers.activation_fn`, or the name that it had before
    /// version 4; sigmoid for one label and identity for several by default.
    pub fn read(raw: &RawConfig, labels: usize) -> Result<Self, String> {
        const OLDER: &str = "sbert_ce_default_activation_function";
        let section = raw.sentence_transformers.as_ref();
        let (field, path) = match section.and_then(|section| section.get("activation_fn")) {
            Some(path) => ("sentence_transformers.activation_fn", Some(path)),
            None => (OLDER, raw.sbert_ce_default_activation_function.as_ref()),
        };
        match path.filter(|path| !path.is_null()) {
            Some(path) => Self::parse(field, path),
            None if labels == 1 => Ok(Self::Sigmoid),
            None => Ok(Self::Identity),
        }
    }

    /// The function that a Python path names.
    pub fn parse(field: &str, path: &Value) -> Result<Self, String> {
        const PACKAGES: [&str; 4] = ["modules.activation.", "modules.linear.", "modules.", ""];
        let inside = path.as_str().and_then(|path| path.strip_prefix("torch.nn."));
        match inside.and_then(|path| PACKAGES.iter().find_map(|part| path.strip_prefix(part))) {
            Some("Identity") => Ok(Self::Identity),
            Some("Sigmoid") => Ok(Self::Sigmoid),
            _ => {
                let allowed = "allowed are torch.nn.modules.linear.Identity and \
                               torch.nn.modules.activation.Sigmoid";
                Err(unusable(field, path.clone(), allowed))
            }
        }
    }
}
