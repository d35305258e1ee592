//! What a tokenizer does beyond what its one main file says, as text for the fingerprint.
//!
//! A tokenizer is made of several files. In most checkpoints the others only repeat what
//! `tokenizer.json` or `vocab.txt` says; then that file alone identifies the tokenizer.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::utils::truncation::TruncationDirection;
use tokenizers::{ModelWrapper, Tokenizer};

use super::json::TokenizerJson;
use super::whole;
use crate::text::post_processing::PostProcessing;

/// Everything that a tokenizer does, except for its vocabulary.
pub fn describe(
    tokenizer: &Tokenizer,
    processing: &PostProcessing,
    direction: TruncationDirection,
) -> Value {
    let mut added: Vec<_> = tokenizer.get_added_tokens_decoder().into_iter().collect();
    added.sort_by_key(|(id, _)| *id);
    let model = match tokenizer.get_model() {
        ModelWrapper::WordPiece(model) => json!({
            "unk_token": model.unk_token,
            "continuing_subword_prefix": model.continuing_subword_prefix,
            "max_input_chars_per_word": model.max_input_chars_per_word,
        }),
        _ => Value::Null,
    };
    json!({
        "normalizer": as_json(&tokenizer.get_normalizer()),
        "pre_tokenizer": as_json(&tokenizer.get_pre_tokenizer()),
        "post_processor": as_json(processing.processor()),
        "added_tokens": as_json(&added),
        "model": model,
        "truncation_direction": direction.as_ref(),
        "zero_types": processing.hides_types(),
        "split_special_tokens": tokenizer.get_encode_special_tokens(),
    })
}

/// The same as the file alone says it; null if it can't be said without other files.
pub fn describe_json(json: &TokenizerJson) -> Value {
    let parts = || -> serde_json::Result<Value> {
        let field = |name: &str| json.model.get(name).cloned().unwrap_or(Value::Null);
        let model = match json.model["type"].as_str() {
            None | Some("WordPiece") => json!({
                "unk_token": field("unk_token"),
                "continuing_subword_prefix": field("continuing_subword_prefix"),
                "max_input_chars_per_word": field("max_input_chars_per_word"),
            }),
            Some(_) => Value::Null,
        };
        let processor = canonical::<PostProcessorWrapper>(&json.post_processor)?;
        Ok(json!({
            "normalizer": canonical::<NormalizerWrapper>(&json.normalizer)?,
            "pre_tokenizer": canonical::<PreTokenizerWrapper>(&json.pre_tokenizer)?,
            "post_processor":
                if processor.is_null() { as_json(&whole::texts_alone()) } else { processor },
            "added_tokens": added_tokens(&json.added_tokens),
            "model": model,
            "truncation_direction":
                if json.truncation["direction"] == "Left" { "left" } else { "right" },
            "zero_types": false,
            "split_special_tokens": false,
        }))
    };
    parts().unwrap_or_default()
}

/// The list of `tokenizer.json` in the form in which a tokenizer gives it.
fn added_tokens(list: &Value) -> Value {
    let mut tokens: Vec<_> = list.as_array().cloned().unwrap_or_default();
    tokens.sort_by_key(|token| token["id"].as_u64());
    let pair = |token: &Value| {
        let field = |name: &str| token[name].clone();
        json!([field("id"), {
            "content": field("content"),
            "single_word": field("single_word"),
            "lstrip": field("lstrip"),
            "rstrip": field("rstrip"),
            "normalized": field("normalized"),
            "special": field("special"),
        }])
    };
    tokens.iter().map(pair).collect()
}

/// A part of the file as the tokenizers crate would write it.
fn canonical<T: DeserializeOwned + Serialize>(part: &Value) -> serde_json::Result<Value> {
    let part: Option<T> = serde_json::from_value(part.clone())?;
    serde_json::to_value(part)
}

fn as_json(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}
