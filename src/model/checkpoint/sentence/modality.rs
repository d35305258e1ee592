//! What a Transformer module computes: `transformer_task`, `modality_config` and
//! `module_output_name`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::field::unusable;

/// What a Transformer module gives to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransformerOutput {
    /// A hidden state, counted as in a recipe.
    HiddenState(i32),
    /// The row of BERT's pooler.
    Pooler,
    /// The logits of a classifier.
    Scores,
    /// The logits of a masked language model, for each token.
    Predictions,
}

/// How texts are read.
#[derive(Deserialize)]
struct Modality {
    method: String,
    method_output_name: Value,
}

const TOKENS: &str = "token_embeddings";
const POOLED: &str = "sentence_embedding";
const SCORES: &str = "scores";

/// The output of a module with these settings. Without a `modality_config`, the task decides alone.
pub fn output(
    task: Option<&str>,
    modalities: Option<&BTreeMap<String, Value>>,
    name: Option<&str>,
) -> Result<TransformerOutput, String> {
    let by_task = match task {
        None | Some("feature-extraction") => TransformerOutput::HiddenState(-1),
        Some("sequence-classification") => TransformerOutput::Scores,
        Some("fill-mask") => TransformerOutput::Predictions,
        Some(other) => {
            let allowed =
                "allowed are \"feature-extraction\", \"sequence-classification\" and \"fill-mask\"";
            return Err(unusable("transformer_task", other, allowed));
        }
    };
    let Some(modalities) = modalities else { return Ok(by_task) };
    let names: Vec<&str> = modalities.keys().map(String::as_str).collect();
    let text = match modalities.get("text") {
        Some(text) if !names.contains(&"message") => text,
        _ => {
            let allowed = "\"text\" is needed, and \"message\" can't be served";
            return Err(unusable("modality_config", names, allowed));
        }
    };
    let Modality { method, method_output_name } =
        Modality::deserialize(text).map_err(|error| format!("modality_config.text: {error}"))?;
    if method != "forward" {
        let field = "modality_config.text.method";
        return Err(unusable(field, method, "allowed is \"forward\""));
    }
    let path = match &method_output_name {
        Value::Array(path) => path.clone(),
        one => vec![one.clone()],
    };
    let name = name.ok_or("module_output_name is missing beside modality_config")?;
    let first = path.first().and_then(Value::as_str).unwrap_or_default();
    let layer = path.get(1).and_then(Value::as_i64).and_then(|layer| i32::try_from(layer).ok());
    use TransformerOutput::{HiddenState, Pooler, Predictions, Scores};
    match (by_task, first, path.len(), layer, name) {
        (HiddenState(_), "last_hidden_state", 1, _, TOKENS) => Ok(HiddenState(-1)),
        (HiddenState(_), "hidden_states", 2, Some(layer), TOKENS) => Ok(HiddenState(layer)),
        (HiddenState(_), "pooler_output", 1, _, POOLED) => Ok(Pooler),
        (Scores, "logits", 1, _, SCORES) => Ok(Scores),
        (Predictions, "logits", 1, _, TOKENS) => Ok(Predictions),
        _ => Err(unusable(
            "modality_config.text.method_output_name",
            method_output_name,
            &format!(
                "its name as module_output_name is \"{name}\"; allowed are \"last_hidden_state\" or \
                 [\"hidden_states\", layer] as \"{TOKENS}\", \"pooler_output\" as \"{POOLED}\", a \
                 classifier's \"logits\" as \"{SCORES}\", and those of \"fill-mask\" as \"{TOKENS}\""
            ),
        )),
    }
}
