//! `tokenizer.json` as it is, for the class that has no model of its own.

use tokenizers::processors::PostProcessorWrapper;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{Model, ModelWrapper, Tokenizer};

use super::added::ClassToken;
use super::json::TokenizerJson;
use crate::text::error::TokenizerError;

/// Reads the tokenizer.
///
/// # Errors
/// A part of it can't be used.
pub fn build(json: &TokenizerJson) -> Result<Tokenizer, TokenizerError> {
    let TokenizerJson { file, model, .. } = json;
    let tokenizer = Tokenizer::from_bytes(&json.bytes)
        .map_err(|cause| TokenizerError::new(file, format!("not a tokenizer: {cause}")))?;
    let wrong = |field: &str, allowed: &str| {
        let found = &model[field];
        Err(TokenizerError::field(file, &format!("model.{field}"), found, allowed))
    };
    // Without a token for them, texts with unknown characters can't be read.
    let unknown = match tokenizer.get_model() {
        ModelWrapper::WordPiece(pieces) => Some(&pieces.unk_token),
        ModelWrapper::WordLevel(words) => Some(&words.unk_token),
        ModelWrapper::BPE(pairs) => pairs.unk_token.as_ref(),
        ModelWrapper::Unigram(_) => None,
    };
    if unknown.is_some_and(|token| tokenizer.get_model().token_to_id(token).is_none()) {
        return wrong("unk_token", "a token of its vocabulary is needed");
    }
    match tokenizer.get_model() {
        ModelWrapper::Unigram(_) if model["unk_id"].is_null() => {
            return wrong("unk_id", "the number of a piece is needed");
        }
        ModelWrapper::BPE(pairs) if pairs.dropout.is_some_and(|dropout| dropout > 0.0) => {
            return wrong(
                "dropout",
                "tokens would be chosen at random, so only null and 0 are allowed",
            );
        }
        _ => {}
    }
    Ok(tokenizer)
}

/// The one special token that the file itself names: what pads a batch.
pub fn class_tokens(json: &TokenizerJson) -> Vec<ClassToken<'_>> {
    let pad = json.padding["pad_token"].as_str();
    let token =
        |content| ClassToken { field: "pad_token", content, optional: false, lstrip: false };
    pad.map(token).into_iter().collect()
}

/// Takes the post-processor out of a tokenizer, and removes its own padding and truncation.
///
/// # Errors
/// Truncation can't be removed.
pub fn take_processor(
    mut tokenizer: Tokenizer,
) -> Result<(Tokenizer, PostProcessorWrapper), String> {
    let processor = tokenizer.get_post_processor().cloned().or_else(texts_alone);
    tokenizer.with_post_processor(None::<PostProcessorWrapper>);
    tokenizer.with_padding(None);
    tokenizer
        .with_truncation(None)
        .map_err(|cause| format!("its truncation can't be removed: {cause}"))?;
    Ok((tokenizer, processor.ok_or("no post-processor")?))
}

/// The post-processor of a file that has none: one text after the other, all types 0 and 1.
pub fn texts_alone() -> Option<PostProcessorWrapper> {
    let pieces = |template: &str| template.try_into().ok();
    let (single, pair) = (pieces("$A:0")?, pieces("$A:0 $B:1")?);
    let template: Result<TemplateProcessing, _> =
        TemplateProcessing::builder().single(single).pair(pair).build();
    template.ok().map(PostProcessorWrapper::from)
}
