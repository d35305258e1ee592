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
    let is_classifier = match task {
        None | Some("feature-extraction") => false,
        Some("sequence-classification") => true,
        Some(other) => {
            let allowed = "allowed are \"feature-extraction\" and \"sequence-classification\"";
            return Err(unusable("transformer_task", other, allowed));
        }
    };
    let Some(modalities) = modalities else {
        let hidden = TransformerOutput::HiddenState(-1);
        return Ok(if is_classifier { TransformerOutput::Scores } else { hidden });
    };
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
    match (is_classifier, first, path.len(), layer, name) {
        (false, "last_hidden_state", 1, _, TOKENS) => Ok(TransformerOutput::HiddenState(-1)),
        (false, "hidden_states", 2, Some(layer), TOKENS) => {
            Ok(TransformerOutput::HiddenState(layer))
        }
        (false, "pooler_output", 1, _, POOLED) => Ok(TransformerOutput::Pooler),
        (true, "logits", 1, _, SCORES) => Ok(TransformerOutput::Scores),
        _ => Err(unusable(
            "modality_config.text.method_output_name",
            method_output_name,
            &format!(
                "its name as module_output_name is \"{name}\"; allowed are \"last_hidden_state\" or \
                 [\"hidden_states\", layer] as \"{TOKENS}\", \"pooler_output\" as \"{POOLED}\", and \
                 a classifier's \"logits\" as \"{SCORES}\""
            ),
        )),
    }
}
