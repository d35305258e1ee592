//! BERT's own tokenizer: WordPiece, and all other parts from `tokenizer_config.json`.

use std::path::Path;

use ahash::AHashMap;
use serde_json::Value;
use tokenizers::decoders::wordpiece::WordPiece as WordPieceDecoder;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::{ModelWrapper, Tokenizer};

use super::added::ClassToken;
use super::fields::Fields;
use super::json::{TokenizerJson, token_id};
use super::template::special_template;
use crate::text::error::TokenizerError;

/// The special tokens that BERT's classes have if no file names others.
pub const CLASS_TOKENS: [ClassToken<'_>; 5] = [
    ClassToken { field: "unk_token", content: "[UNK]", optional: false, lstrip: false },
    ClassToken { field: "sep_token", content: "[SEP]", optional: false, lstrip: false },
    ClassToken { field: "pad_token", content: "[PAD]", optional: true, lstrip: false },
    ClassToken { field: "cls_token", content: "[CLS]", optional: false, lstrip: false },
    ClassToken { field: "mask_token", content: "[MASK]", optional: true, lstrip: false },
];

/// Reads the vocabulary of `vocab.txt`: a piece per line, its id the number of the line. A piece
/// that is listed twice has its last line's id.
///
/// # Errors
/// The file can't be read.
pub fn read_vocab(file: &Path) -> Result<AHashMap<String, u32>, TokenizerError> {
    WordPiece::read_file(&file.to_string_lossy()).map_err(|cause| TokenizerError::new(file, cause))
}

/// The WordPiece vocabulary of a `tokenizer.json`.
///
/// # Errors
/// Its model is another one.
pub fn json_vocab(json: &TokenizerJson) -> Result<AHashMap<String, u32>, TokenizerError> {
    let (kind, vocab) = (&json.model["type"], &json.model["vocab"]);
    if kind.as_str().is_some_and(|kind| kind != "WordPiece") {
        let allowed = "the tokenizer classes of BERT and MPNet need a WordPiece; \
                       PreTrainedTokenizerFast reads tokenizer.json as it is";
        return Err(TokenizerError::field(&json.file, "model.type", kind, allowed));
    }
    let id = |(piece, id): (&String, &Value)| Some((piece.clone(), token_id(id)?));
    let pieces = vocab.as_object().and_then(|map| map.iter().map(id).collect());
    pieces.ok_or_else(|| {
        let allowed = "an object with an id, 0 or above, for each piece is needed";
        TokenizerError::field(&json.file, "model.vocab", vocab, allowed)
    })
}

/// Builds the tokenizer without special tokens and without its post-processor. `file` holds the
/// vocabulary.
///
/// # Errors
/// A field can't be used, or the token for unknown words is missing.
pub fn build(
    vocab: AHashMap<String, u32>,
    unknown: &str,
    config: &Fields,
    file: &Path,
) -> Result<Tokenizer, TokenizerError> {
    if !vocab.contains_key(unknown) {
        let message = format!("it lacks \"{unknown}\", the unk_token");
        return Err(TokenizerError::new(file, message));
    }
    let strip_accents = config.get("strip_accents").map(|value| {
        value
            .as_bool()
            .ok_or_else(|| config.wrong("strip_accents", value, "allowed are true, false and null"))
    });
    let normalizer = BertNormalizer::new(
        true,
        config.flag("tokenize_chinese_chars", true)?,
        strip_accents.transpose()?,
        config.flag("do_lower_case", true)?,
    );
    let error = |cause| TokenizerError::new(file, cause);
    let model = WordPiece::builder().vocab(vocab).unk_token(unknown.to_owned()).build();
    let model: ModelWrapper = model.map_err(error)?.into();
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_normalizer(Some(normalizer)).map_err(error)?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.with_decoder(Some(WordPieceDecoder::default()));
    Ok(tokenizer)
}

/// The post-processor: the first text between `class` and `separator`, the second before another
/// `separator`, with type 1.
///
/// # Errors
/// A token can't stand in a template, or isn't in the vocabulary.
pub fn template(
    tokenizer: &Tokenizer,
    class: &str,
    separator: &str,
) -> Result<PostProcessorWrapper, String> {
    let single = format!("{class}:0 $A:0 {separator}:0");
    let pair = format!("{single} $B:1 {separator}:1");
    special_template(tokenizer, &single, &pair, &[class, separator])
}
