//! A tokenizer from `vocab.txt`, which has one WordPiece per line, as `BertTokenizer` builds it.

use ahash::AHashMap;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, Tokenizer};

/// How a text is normalised before it is split, from `tokenizer_config.json`.
#[derive(Clone, Copy, Debug)]
pub struct Normalization {
    /// Whether the text is lower-cased.
    pub lowercase: bool,
    /// Whether accents are removed; `None` to remove them if the text is lower-cased.
    pub strip_accents: Option<bool>,
    /// Whether each CJK character is a word of its own.
    pub split_cjk: bool,
}

const UNKNOWN: &str = "[UNK]";
const CLASS: &str = "[CLS]";
const SEPARATOR: &str = "[SEP]";

/// Builds the tokenizer. `vocab` is the content of the file.
///
/// # Errors
/// A piece is listed twice, or `[UNK]`, `[CLS]` or `[SEP]` is missing; the error says which.
pub fn from_vocab(vocab: &str, normalization: Normalization) -> Result<Tokenizer, String> {
    let mut pieces: AHashMap<String, u32> = AHashMap::new();
    for (id, line) in vocab.lines().enumerate() {
        if let Some(first) = pieces.insert(line.to_owned(), id as u32) {
            return Err(format!("lines {} and {} have the same piece", first + 1, id + 1));
        }
    }
    let id =
        |piece: &str| pieces.get(piece).copied().ok_or_else(|| format!("it lacks \"{piece}\""));
    id(UNKNOWN)?;
    let special = vec![(CLASS.to_owned(), id(CLASS)?), (SEPARATOR.to_owned(), id(SEPARATOR)?)];
    let template = TemplateProcessing::builder()
        .try_single(format!("{CLASS}:0 $A:0 {SEPARATOR}:0"))
        .and_then(|builder| {
            builder.try_pair(format!("{CLASS}:0 $A:0 {SEPARATOR}:0 $B:1 {SEPARATOR}:1"))
        })
        .and_then(|builder| {
            builder.special_tokens(special).build().map_err(|error| error.to_string())
        })?;
    let special_tokens: Vec<AddedToken> = [UNKNOWN, CLASS, SEPARATOR, "[PAD]", "[MASK]"]
        .into_iter()
        .filter(|piece| pieces.contains_key(*piece))
        .map(|piece| AddedToken::from(piece, true))
        .collect();
    let model = WordPiece::builder()
        .vocab(pieces)
        .unk_token(UNKNOWN.to_owned())
        .build()
        .map_err(|error| error.to_string())?;
    let Normalization { lowercase, strip_accents, split_cjk } = normalization;
    let normalizer = BertNormalizer::new(true, split_cjk, strip_accents, lowercase);
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_normalizer(Some(normalizer)).map_err(|error| error.to_string())?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.with_post_processor(Some(template));
    tokenizer.add_special_tokens(special_tokens).map_err(|error| error.to_string())?;
    Ok(tokenizer)
}
