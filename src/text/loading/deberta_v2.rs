//! DeBERTa-v2's tokenizer: a unigram model over pieces of words that begin with `▁`.

use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::replace::{Replace, ReplacePattern};
use tokenizers::normalizers::{self, Lowercase, NFC, NormalizerWrapper, Strip};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::punctuation::Punctuation;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::{ModelWrapper, SplitDelimiterBehavior, Tokenizer};

use super::added::ClassToken;
use super::fields::Fields;
use super::json::TokenizerJson;
use super::xlm_roberta;
use crate::text::error::TokenizerError;

/// The special tokens that the class has if no file names others.
pub const CLASS_TOKENS: [ClassToken<'_>; 7] = {
    let mut tokens = xlm_roberta::CLASS_TOKENS;
    let names = ["[CLS]", "[SEP]", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"];
    let mut at = 0;
    while at < tokens.len() {
        tokens[at].content = names[at];
        at += 1;
    }
    // Those of beginning and end stand nowhere.
    (tokens[0].optional, tokens[1].optional) = (true, true);
    tokens
};

/// What is replaced by a single space: spaces that follow each other, line breaks and tabs.
const SPACES: &str = r"\s{2,}|[\n\r\t]";

/// Builds the tokenizer without special tokens and without its post-processor. `unknown` is the piece
/// that stands for unknown characters.
///
/// # Errors
/// The model isn't a unigram model, or a field can't be used.
pub fn build(
    json: &TokenizerJson,
    config: &Fields,
    unknown: &str,
) -> Result<Tokenizer, TokenizerError> {
    let error = |cause| TokenizerError::new(&json.file, cause);
    let vocab = xlm_roberta::vocabulary(json, "the class DebertaV2Tokenizer needs a Unigram")?;
    // Only with a score of 0, as all special pieces have.
    let place = vocab.iter().position(|(piece, score)| piece == unknown && *score == 0.0);
    let unknown = match place {
        Some(place) => place,
        None => written_unknown(config)?,
    };
    let model: ModelWrapper = Unigram::from(vocab, Some(unknown), false)
        .map_err(|cause| error(format!("model.vocab: {cause}").into()))?
        .into();
    let mut tokenizer = Tokenizer::new(model);
    let mut steps: Vec<NormalizerWrapper> = Vec::new();
    if config.flag("do_lower_case", false)? {
        steps.push(Lowercase.into());
    }
    let spaces = ReplacePattern::Regex(SPACES.to_owned());
    steps.push(Replace::new(spaces, " ").map_err(error)?.into());
    steps.extend([NFC.into(), Strip::new(false, true).into()]);
    tokenizer.with_normalizer(Some(normalizers::Sequence::new(steps))).map_err(error)?;
    let scheme = match config.flag("add_prefix_space", true)? {
        true => PrependScheme::Always,
        false => PrependScheme::First,
    };
    let mut steps: Vec<PreTokenizerWrapper> = Vec::new();
    if config.flag("split_by_punct", false)? {
        steps.push(Punctuation::new(SplitDelimiterBehavior::Isolated).into());
    }
    steps.push(Metaspace::new('▁', scheme, true).into());
    tokenizer.with_pre_tokenizer(Some(Sequence::new(steps)));
    tokenizer.with_decoder(Some(Metaspace::new('▁', scheme, true)));
    Ok(tokenizer)
}

/// The number of the piece for unknown characters, where the vocabulary doesn't have it by its name.
fn written_unknown(config: &Fields) -> Result<usize, TokenizerError> {
    const FIELD: &str = "unk_id";
    let Some(value) = config.written(FIELD) else { return Ok(1) };
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| config.wrong(FIELD, value, "the number of a piece is needed"))
}
