//! The family of the model, and the heads that its architectures name.

use serde_json::{Map, Value};

use super::raw::RawConfig;
use crate::field::unusable;
use crate::model::checkpoint::families::{FAMILIES, Family};

/// The end of the name of a class that predicts tokens.
pub const MASKED: &str = "ForMaskedLM";

/// What `architectures` says.
pub struct Architecture {
    /// Whether there is a sequence classifier.
    pub is_classifier: bool,
    /// Whether there is a classifier of tokens. Only one of the two can be there, since their tensors
    /// have the same names.
    pub is_tagger: bool,
    /// Whether there are layers that predict tokens.
    pub is_masked: bool,
    /// Other architectures: what they have after the encoder is not served.
    pub left_out: Vec<String>,
}

impl Architecture {
    /// Sorts the names by what is served of them.
    pub fn read(family: &Family, raw: &RawConfig) -> Self {
        let [encoder, classifier, tagger, masked] =
            ["Model", "ForSequenceClassification", "ForTokenClassification", MASKED]
                .map(|end| format!("{}{end}", family.class));
        let names = raw.architectures.as_deref().unwrap_or_default();
        let is_classifier = names.contains(&classifier);
        let is_tagger = !is_classifier && names.contains(&tagger);
        let is_served =
            |name: &String| [&encoder, &classifier].contains(&name) || is_tagger && *name == tagger;
        let others = names.iter().filter(|name| !is_served(name));
        let is_masked = names.contains(&masked);
        Self { is_classifier, is_tagger, is_masked, left_out: others.cloned().collect() }
    }
}

/// The family: by `model_type`, as transformers does, or by the names of its architectures in a file
/// without one. An error names the field.
pub fn family(fields: &Map<String, Value>) -> Result<&'static Family, String> {
    let names = || fields.get("architectures").and_then(Value::as_array).into_iter().flatten();
    let is_all = |family: &Family| {
        let is_one =
            |name: &Value| name.as_str().is_some_and(|name| name.starts_with(family.class));
        names().next().is_some() && names().all(is_one)
    };
    let found = fields.get("model_type").cloned().unwrap_or_default();
    let family = match &found {
        Value::Null => FAMILIES.iter().find(|family| is_all(family)),
        written => FAMILIES.iter().find(|family| written == family.model_type),
    };
    family.ok_or_else(|| {
        let known: Vec<&str> = FAMILIES.iter().map(|family| family.model_type).collect();
        unusable("model_type", found, &format!("allowed are {}", known.join(", ")))
    })
}
