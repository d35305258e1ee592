//! The family of the model, and the heads that its architectures name.

use super::raw::RawConfig;

/// The encoder alone.
const ENCODER: &str = "BertModel";

/// The one head that is served.
const CLASSIFIER: &str = "BertForSequenceClassification";

/// Architectures whose encoder is served, without what they have after it.
const ENCODERS_WITH_HEADS: [&str; 7] = [
    "BertForMaskedLM",
    "BertForPreTraining",
    "BertForNextSentencePrediction",
    "BertForQuestionAnswering",
    "BertForMultipleChoice",
    "BertForTokenClassification",
    "BertLMHeadModel",
];

/// What `model_type` and `architectures` say.
pub struct Architecture {
    /// Whether there is a sequence classifier.
    pub is_classifier: bool,
    /// The architectures whose heads are not served.
    pub left_out: Vec<String>,
}

impl Architecture {
    /// Checks that the model is a BERT. An error names the field.
    pub fn read(raw: &RawConfig) -> Result<Self, String> {
        let names = raw.architectures.as_deref().unwrap_or_default();
        let first = names.first().map(String::as_str);
        let family = raw.model_type.as_deref().or(first).unwrap_or("none");
        if family != "bert" && !(raw.model_type.is_none() && family.starts_with("Bert")) {
            return Err(format!("model_type is \"{family}\"; only \"bert\" can be served"));
        }
        let mut read = Self { is_classifier: false, left_out: Vec::new() };
        for name in names {
            match name.as_str() {
                ENCODER => {}
                CLASSIFIER => read.is_classifier = true,
                other if ENCODERS_WITH_HEADS.contains(&other) => read.left_out.push(name.clone()),
                other => {
                    return Err(format!(
                        "architectures names \"{other}\"; allowed are {ENCODER}, {CLASSIFIER}, {}",
                        ENCODERS_WITH_HEADS.join(", ")
                    ));
                }
            }
        }
        Ok(read)
    }
}
