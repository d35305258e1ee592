//! RoBERTa's tokenizer: pairs of bytes that are merged (byte-level BPE).

use std::fs;
use std::path::Path;

use ahash::AHashMap;
use serde_json::Value;
use tokenizers::models::bpe::BPE;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::{ModelWrapper, Tokenizer};

use super::class::PAIRS;
use super::fields::Fields;
use super::json::{TokenizerJson, token_id};
use crate::text::error::TokenizerError;

/// Two tokens that become one.
type Merge = (String, String);

/// Builds the tokenizer without special tokens and without its post-processor, from `tokenizer.json`
/// or else from the two files of `dir`.
///
/// # Errors
/// The model is another one, or a field can't be used.
pub fn build(
    json: Option<&TokenizerJson>,
    config: &Fields,
    dir: &Path,
) -> Result<Tokenizer, TokenizerError> {
    let file = json.map_or_else(|| dir.join(PAIRS[0]), |json| json.file.clone());
    let error = |cause| TokenizerError::new(&file, cause);
    let builder = match json {
        Some(json) => BPE::builder().vocab_and_merges(vocab(json)?, merges(json)?),
        None => {
            let [vocab, merges] = PAIRS.map(|name| dir.join(name).to_string_lossy().into_owned());
            BPE::from_file(&vocab, &merges)
        }
    };
    let model: ModelWrapper = builder.build().map_err(error)?.into();
    let mut tokenizer = Tokenizer::new(model);
    let bytes = ByteLevel::new(config.flag("add_prefix_space", false)?, true, true);
    tokenizer.with_pre_tokenizer(Some(bytes));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    Ok(tokenizer)
}

/// The vocabulary of a `tokenizer.json`: the id of each token.
fn vocab(json: &TokenizerJson) -> Result<AHashMap<String, u32>, TokenizerError> {
    let (kind, vocab) = (&json.model["type"], &json.model["vocab"]);
    if kind.as_str().is_some_and(|kind| kind != "BPE") {
        let allowed = "the class RobertaTokenizer needs a BPE";
        return Err(TokenizerError::field(&json.file, "model.type", kind, allowed));
    }
    let id = |(token, id): (&String, &Value)| Some((token.clone(), token_id(id)?));
    let tokens = vocab.as_object().and_then(|map| map.iter().map(id).collect());
    tokens.ok_or_else(|| {
        let allowed = "an object with an id, 0 or above, for each token is needed";
        TokenizerError::field(&json.file, "model.vocab", vocab, allowed)
    })
}

/// The pairs of a `tokenizer.json`: lists of two, or texts with a space between the two.
fn merges(json: &TokenizerJson) -> Result<Vec<Merge>, TokenizerError> {
    let merges = &json.model["merges"];
    let merge = |merge: &Value| -> Option<Merge> {
        let (first, second) = match merge {
            Value::String(text) => text.split_once(' ')?,
            Value::Array(two) => match two.as_slice() {
                [first, second] => (first.as_str()?, second.as_str()?),
                _ => return None,
            },
            _ => return None,
        };
        Some((first.to_owned(), second.to_owned()))
    };
    let all = merges.as_array().and_then(|list| list.iter().map(merge).collect());
    all.ok_or_else(|| {
        let allowed = "a list of pairs of tokens is needed";
        TokenizerError::field(&json.file, "model.merges", merges, allowed)
    })
}

/// The content of `merges.txt`.
///
/// # Errors
/// The file can't be read.
pub fn read_merges(dir: &Path) -> Result<String, TokenizerError> {
    let file = dir.join(PAIRS[1]);
    fs::read_to_string(&file).map_err(|cause| TokenizerError::new(&file, cause))
}

/// The post-processor, with the class's settings of spans.
///
/// # Errors
/// A field can't be used. Inside: a token isn't in the vocabulary.
pub fn processor(
    tokenizer: &Tokenizer,
    class: &str,
    separator: &str,
    config: &Fields,
) -> Result<Result<PostProcessorWrapper, String>, TokenizerError> {
    let trim = config.flag("trim_offsets", true)?;
    let prefix = config.flag("add_prefix_space", false)?;
    Ok(with_separators(tokenizer, class, separator, trim, prefix))
}

/// `<s> first </s>`, and for a pair `<s> first </s></s> second </s>`; all types are 0. `trim` leaves
/// spaces out of spans.
///
/// # Errors
/// A token isn't in the vocabulary.
pub fn with_separators(
    tokenizer: &Tokenizer,
    class: &str,
    separator: &str,
    trim: bool,
    prefix: bool,
) -> Result<PostProcessorWrapper, String> {
    let token = |content: &str| {
        let id = tokenizer.token_to_id(content).ok_or_else(|| format!("it lacks \"{content}\""))?;
        Ok::<_, String>((content.to_owned(), id))
    };
    let processing = RobertaProcessing::new(token(separator)?, token(class)?);
    Ok(processing.trim_offsets(trim).add_prefix_space(prefix).into())
}
