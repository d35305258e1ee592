//! XLM-RoBERTa's tokenizer, which multilingual BERT checkpoints use: a unigram model over pieces of
//! words that begin with `▁`.

use serde::Deserialize;
use serde_json::{Value, json};
use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::{ModelWrapper, Tokenizer};

use super::added::ClassToken;
use super::fields::Fields;
use super::json::TokenizerJson;
use super::template::special_template;
use crate::text::error::TokenizerError;

/// The special tokens that the class has if no file names others.
pub const CLASS_TOKENS: [ClassToken<'_>; 7] = [
    ClassToken { field: "bos_token", content: "<s>", optional: false, lstrip: false },
    ClassToken { field: "eos_token", content: "</s>", optional: false, lstrip: false },
    ClassToken { field: "unk_token", content: "<unk>", optional: false, lstrip: false },
    ClassToken { field: "sep_token", content: "</s>", optional: false, lstrip: false },
    ClassToken { field: "pad_token", content: "<pad>", optional: true, lstrip: false },
    ClassToken { field: "cls_token", content: "<s>", optional: false, lstrip: false },
    ClassToken { field: "mask_token", content: "<mask>", optional: true, lstrip: false },
];

/// Which piece stands for unknown characters, whatever the file says.
#[derive(Clone, Copy)]
pub enum Unknown<'a> {
    /// The one that XLM-RoBERTa's class has.
    Fixed,
    /// The first of this content, or the first of all.
    Piece(&'a str),
}

const FIXED: usize = 3;

/// Builds the tokenizer without special tokens and without its post-processor.
///
/// # Errors
/// The model isn't a unigram model, or a field can't be used.
pub fn build(
    json: &TokenizerJson,
    config: &Fields,
    unknown: Unknown<'_>,
) -> Result<Tokenizer, TokenizerError> {
    let error = |cause| TokenizerError::new(&json.file, cause);
    let needed = "the classes XLMRobertaTokenizer and CamembertTokenizer need a Unigram";
    let vocab = vocabulary(json, needed)?;
    let unknown = match unknown {
        Unknown::Fixed => FIXED,
        Unknown::Piece(content) => {
            vocab.iter().position(|(piece, _)| piece == content).unwrap_or_default()
        }
    };
    let model: ModelWrapper = Unigram::from(vocab, Some(unknown), false)
        .map_err(|cause| error(format!("model.vocab: {cause}").into()))?
        .into();
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_normalizer(charsmap(json)?).map_err(error)?;
    split_words(&mut tokenizer, config)?;
    Ok(tokenizer)
}

/// Makes the tokenizer split texts at spaces into words that begin with `▁`.
///
/// # Errors
/// A field can't be used.
pub fn split_words(tokenizer: &mut Tokenizer, config: &Fields) -> Result<(), TokenizerError> {
    let scheme = match config.flag("add_prefix_space", true)? {
        true => PrependScheme::Always,
        false => PrependScheme::Never,
    };
    let steps: Vec<PreTokenizerWrapper> =
        vec![WhitespaceSplit.into(), Metaspace::new('▁', scheme, true).into()];
    tokenizer.with_pre_tokenizer(Some(Sequence::new(steps)));
    tokenizer.with_decoder(Some(Metaspace::new('▁', scheme, true)));
    Ok(())
}

/// The pieces and their scores; `needed` says which model is needed.
///
/// # Errors
/// The model isn't a unigram model, or its vocabulary isn't a list of pieces.
pub fn vocabulary(
    json: &TokenizerJson,
    needed: &str,
) -> Result<Vec<(String, f64)>, TokenizerError> {
    let kind = &json.model["type"];
    if kind.as_str().is_some_and(|kind| kind != "Unigram") {
        return Err(TokenizerError::field(&json.file, "model.type", kind, needed));
    }
    Deserialize::deserialize(&json.model["vocab"])
        .map_err(|cause| TokenizerError::new(&json.file, format!("model.vocab: {cause}")))
}

/// The first table of characters among the file's normalizers; the class leaves out the others.
///
/// # Errors
/// It can't be used.
pub fn charsmap(json: &TokenizerJson) -> Result<Option<NormalizerWrapper>, TokenizerError> {
    let all = match &json.normalizer["normalizers"] {
        Value::Array(list) => list.clone(),
        _ => vec![json.normalizer.clone()],
    };
    let is_table = |step: &&Value| step["type"] == "Precompiled";
    let Some(step) = all.iter().find(is_table) else { return Ok(None) };
    let step = NormalizerWrapper::deserialize(json!({
        "type": "Precompiled",
        "precompiled_charsmap": step["precompiled_charsmap"],
    }));
    step.map(Some).map_err(|cause| TokenizerError::new(&json.file, format!("normalizer: {cause}")))
}

/// The post-processor: `<s> first </s>`, and for a pair `<s> first </s></s> second </s>`; all types
/// are 0.
///
/// # Errors
/// A token can't stand in a template, or isn't in the vocabulary.
pub fn template(
    tokenizer: &Tokenizer,
    begin: &str,
    end: &str,
) -> Result<PostProcessorWrapper, String> {
    let single = format!("{begin}:0 $A:0 {end}:0");
    let pair = format!("{single} {end}:0 $B:0 {end}:0");
    special_template(tokenizer, &single, &pair, &[begin, end])
}
