//! Reads a tokenizer from its files, as transformers does.

mod added;
mod bert;
mod class;
mod fields;
mod identity;
mod json;
mod settings;
mod whole;
mod xlm_roberta;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokenizers::Tokenizer;
use tokenizers::normalizers::{self, Lowercase, NormalizerWrapper};
use tokenizers::processors::PostProcessorWrapper;

use added::{Additions, TokenFiles};
use class::{Class, Kind};
use fields::Fields;
use json::TokenizerJson;

use super::error::TokenizerError;
use super::hints::TokenizerHints;
use super::post_processing::PostProcessing;

/// A tokenizer as its files describe it.
pub struct Loaded {
    /// Everything up to a text's own tokens.
    pub tokenizer: Tokenizer,
    /// What is added to them.
    pub processing: PostProcessing,
    /// Whether long texts lose their beginning, not their end.
    pub left: bool,
    /// The longest sequence that the files allow.
    pub max_length: Option<usize>,
    /// The file with the vocabulary.
    pub file: PathBuf,
    /// What the tokenizer does beyond what that file says, if anything.
    pub settings: Option<String>,
}

/// Reads a tokenizer.
///
/// # Errors
/// A file can't be read, or a field says something that isn't served.
pub fn load(dir: &Path, hints: &TokenizerHints) -> Result<Loaded, TokenizerError> {
    let config_file = dir.join("tokenizer_config.json");
    let config = Fields::read(&config_file)?.unwrap_or_else(|| Fields::none(&config_file));
    let config = config.with_arguments(&hints.arguments)?;
    let json = TokenizerJson::read(dir)?;
    let vocab = dir.join("vocab.txt");
    if json.is_none() && !vocab.exists() {
        let message = "neither tokenizer.json nor vocab.txt was found";
        return Err(TokenizerError::new(dir, message));
    }
    let class = Class::choose(&config, hints, dir, json.is_some())?;
    settings::check_unserved(&config, json.as_ref())?;
    let left = settings::truncates_left(&config, json.as_ref())?;
    let token_types = settings::token_types(&config, class.token_types)?;
    let max_length = settings::max_length(&config, hints)?;
    let file = json.as_ref().map_or(vocab, |json| json.file.clone());
    let (json, file_ref) = (json.as_ref(), file.as_path());
    let parts = Parts { config: &config, class, json, file: file_ref, dir, older: true };
    let (mut tokenizer, processor) = parts.read(hints.word_rows)?;
    tokenizer.set_encode_special_tokens(config.flag("split_special_tokens", false)?);
    if hints.lower_case {
        lower_case_first(&mut tokenizer).map_err(|cause| TokenizerError::new(&file, cause))?;
    }
    let error = |message: String| TokenizerError::new(&file, message);
    let processing = PostProcessing::new(processor, !token_types).map_err(error)?;
    let found = identity::describe(&tokenizer, &processing, left);
    let alone = parts.describe_file(&Fields::none(&config_file), hints.word_rows);
    let settings = (found != alone).then(|| found.to_string());
    Ok(Loaded { tokenizer, processing, left, max_length, file, settings })
}

/// What a tokenizer is read from.
struct Parts<'p> {
    config: &'p Fields,
    class: Class,
    json: Option<&'p TokenizerJson>,
    /// The file with the vocabulary.
    file: &'p Path,
    /// The folder.
    dir: &'p Path,
    /// Whether older files in it that declare tokens are read.
    older: bool,
}

impl Parts<'_> {
    /// The tokenizer without a post-processor, and its post-processor.
    fn read(
        &self,
        rows: Option<usize>,
    ) -> Result<(Tokenizer, PostProcessorWrapper), TokenizerError> {
        let Self { config, json, file, dir, older, .. } = *self;
        let error = |message: String| TokenizerError::new(file, message);
        let added = |defaults| {
            let json = json.map(|json| &json.added_tokens);
            Additions::collect(dir, &TokenFiles { config, json, defaults, older })
        };
        match (self.class.kind, json) {
            (Kind::Whole, Some(json)) => {
                let mut tokenizer =
                    added(whole::class_tokens(json))?.add_to(whole::build(json)?, rows)?;
                let processor = tokenizer.get_post_processor().cloned().or_else(whole::texts_alone);
                tokenizer.with_post_processor(None::<PostProcessorWrapper>);
                tokenizer.with_padding(None);
                let kept = |cause| error(format!("its truncation can't be removed: {cause}"));
                tokenizer.with_truncation(None).map_err(|cause| kept(cause.to_string()))?;
                Ok((tokenizer, processor.ok_or_else(|| error("no post-processor".to_owned()))?))
            }
            (Kind::XlmRoberta, Some(json)) => {
                let added = added(xlm_roberta::class_tokens())?;
                let tokenizer = added.add_to(xlm_roberta::build(json, config)?, rows)?;
                let (begin, end) = (added.name("bos_token")?, added.name("eos_token")?);
                let processor = xlm_roberta::template(&tokenizer, begin, end).map_err(error)?;
                Ok((tokenizer, processor))
            }
            _ => {
                let added = added(bert::class_tokens())?;
                let vocab = json.map_or_else(|| bert::read_vocab(file), bert::json_vocab)?;
                let bare = bert::build(vocab, added.name("unk_token")?, config, file)?;
                let tokenizer = added.add_to(bare, rows)?;
                let (class, separator) = (added.name("cls_token")?, added.name("sep_token")?);
                let processor = bert::template(&tokenizer, class, separator).map_err(error)?;
                Ok((tokenizer, processor))
            }
        }
    }
}

impl Parts<'_> {
    /// What the file with the vocabulary says alone, without `tokenizer_config.json`: `none` has no
    /// fields. Null if it can't be used alone.
    fn describe_file(&self, none: &Fields, rows: Option<usize>) -> Value {
        if let Some(json) = self.json {
            return identity::describe_json(json);
        }
        let alone = Parts { config: none, older: false, ..*self }.read(rows).ok();
        let described = alone.and_then(|(tokenizer, processor)| {
            let processing = PostProcessing::new(processor, false).ok()?;
            Some(identity::describe(&tokenizer, &processing, false))
        });
        described.unwrap_or_default()
    }
}

/// Makes lower-casing the first step of normalisation, unless it is a step already, as in
/// sentence-transformers. Spans still refer to the original text.
fn lower_case_first(tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
    let is_lower = |step: &NormalizerWrapper| matches!(step, NormalizerWrapper::Lowercase(_));
    let steps = match tokenizer.get_normalizer() {
        Some(NormalizerWrapper::Sequence(sequence)) => sequence.as_ref().to_vec(),
        other => other.cloned().into_iter().collect(),
    };
    if !steps.iter().any(is_lower) {
        let first = [NormalizerWrapper::Lowercase(Lowercase)];
        let steps = first.into_iter().chain(steps).collect();
        tokenizer.with_normalizer(Some(normalizers::Sequence::new(steps)))?;
    }
    Ok(())
}
