//! Single settings of `tokenizer_config.json`, and those that can't be served.

use serde_json::Value;
use tokenizers::utils::truncation::TruncationDirection;

use super::fields::Fields;
use super::json::TokenizerJson;
use crate::text::error::TokenizerError;
use crate::text::hints::{Limit, TokenizerHints};

/// transformers doesn't truncate at lengths above this.
const NO_LIMIT: f64 = 1e20;

/// Refuses what isn't served: other files, positional arguments, padding on the left.
///
/// # Errors
/// A field asks for one of these.
pub fn check_unserved(config: &Fields, json: Option<&TokenizerJson>) -> Result<(), TokenizerError> {
    if let Some(files) = config.get("fast_tokenizer_files") {
        let other = |file: &Value| file != "tokenizer.json";
        if files.as_array().is_none_or(|files| files.iter().any(other)) {
            let allowed = "only tokenizer.json can be served";
            return Err(config.wrong("fast_tokenizer_files", files, allowed));
        }
    }
    if let Some(inputs) = config.get("init_inputs")
        && inputs.as_array().is_none_or(|inputs| !inputs.is_empty())
    {
        return Err(config.wrong("init_inputs", inputs, "none can be served"));
    }
    let allowed = "allowed is \"right\", since a text's result would depend on the texts beside it";
    match (config.get("padding_side"), json) {
        (Some(side), _) if side != "right" => Err(config.wrong("padding_side", side, allowed)),
        (None, Some(json)) if json.padding["direction"] == "Left" => {
            let (field, found) = ("padding.direction", &json.padding["direction"]);
            Err(TokenizerError::field(&json.file, field, found, allowed))
        }
        _ => Ok(()),
    }
}

/// The side at which long texts are cut: `truncation_side`, or else what `tokenizer.json` says.
///
/// # Errors
/// The side is neither left nor right.
pub fn direction(
    config: &Fields,
    json: Option<&TokenizerJson>,
) -> Result<TruncationDirection, TokenizerError> {
    match config.get("truncation_side") {
        Some(side) if side == "left" => Ok(TruncationDirection::Left),
        Some(side) if side == "right" => Ok(TruncationDirection::Right),
        Some(side) => {
            let allowed = "allowed are \"left\" and \"right\"";
            Err(config.wrong("truncation_side", side, allowed))
        }
        None if json.is_some_and(|json| json.truncation["direction"] == "Left") => {
            Ok(TruncationDirection::Left)
        }
        None => Ok(TruncationDirection::Right),
    }
}

/// Whether the model gets token types: whether `model_input_names` lists them, or else as the class
/// has it.
///
/// # Errors
/// The field isn't a list of names.
pub fn token_types(config: &Fields, default: bool) -> Result<bool, TokenizerError> {
    let Some(names) = config.get("model_input_names") else { return Ok(default) };
    match names.as_array() {
        Some(list) if list.iter().all(Value::is_string) => {
            Ok(list.iter().any(|name| name == "token_type_ids"))
        }
        _ => Err(config.wrong("model_input_names", names, "a list of names is allowed")),
    }
}

/// The longest sequence that the files allow: of sentence-transformers its `processing_kwargs`, the
/// tokenizer's arguments, and `max_seq_length`, in this order, go over `tokenizer_config.json`.
///
/// # Errors
/// A limit isn't a positive whole number.
pub fn max_length(
    config: &Fields,
    hints: &TokenizerHints,
) -> Result<Option<Limit>, TokenizerError> {
    const NAMES: [&str; 2] = ["model_max_length", "max_len"];
    if hints.max_length.is_some() {
        return Ok(hints.max_length.clone());
    }
    if hints.max_seq_length.is_some() && !config.is_argument(NAMES[0]) {
        return Ok(hints.max_seq_length.clone());
    }
    // The older name counts only if the newer one isn't there, not if it is null.
    let name = NAMES.into_iter().find(|name| config.written(name).is_some());
    let Some((name, value)) = name.and_then(|name| Some((name, config.get(name)?))) else {
        return Ok(None);
    };
    match value.as_f64() {
        Some(limit) if limit > NO_LIMIT => Ok(None),
        Some(limit) if limit >= 1.0 && limit.fract() == 0.0 => {
            let (file, field) = config.place(name);
            Ok(Some(Limit { tokens: limit as usize, file: file.to_owned(), field }))
        }
        _ => Err(config.wrong(name, value, "a whole number of 1 or more is allowed")),
    }
}
