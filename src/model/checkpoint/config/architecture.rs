//! The family of the model, and the heads that its architectures name.

use serde_json::Value;

use super::raw::RawConfig;
use crate::field::unusable;

/// The encoder alone.
const ENCODER: &str = "BertModel";

/// The one head that is served.
const CLASSIFIER: &str = "BertForSequenceClassification";

/// What `model_type` and `architectures` say.
pub struct Architecture {
    /// Whether there is a sequence classifier.
    pub is_classifier: bool,
    /// Other architectures: what they have after the encoder is not served.
    pub left_out: Vec<String>,
}

impl Architecture {
    /// Checks that the model is a BERT: by `model_type`, as transformers does, or by the names of its
    /// architectures in a file without one. An error names the field.
    pub fn read(raw: &RawConfig) -> Result<Self, String> {
        let names = raw.architectures.as_deref().unwrap_or_default();
        let are_berts = !names.is_empty() && names.iter().all(|name| name.starts_with("Bert"));
        match raw.model_type.as_deref() {
            Some("bert") => {}
            None if are_berts => {}
            found => {
                let found = found.map_or(Value::Null, Value::from);
                return Err(unusable("model_type", found, "only \"bert\" can be served"));
            }
        }
        let others = names.iter().filter(|name| ![ENCODER, CLASSIFIER].contains(&name.as_str()));
        Ok(Self {
            is_classifier: names.iter().any(|name| name == CLASSIFIER),
            left_out: others.cloned().collect(),
        })
    }
}
