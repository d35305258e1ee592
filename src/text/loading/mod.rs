//! Reads a tokenizer from its files, as transformers does.

mod added;
mod albert;
mod begin_end;
mod bert;
mod camembert;
mod class;
mod deberta_v2;
mod fields;
mod identity;
mod json;
mod markers;
mod mpnet;
mod roberta;
mod settings;
mod template;
mod whole;
mod xlm_roberta;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokenizers::Tokenizer;
use tokenizers::normalizers::{self, Lowercase, NormalizerWrapper};
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::utils::truncation::TruncationDirection;

use added::{Additions, TokenFiles};
use class::{Class, PAIRS, Source, VOCAB_TXT};
use fields::Fields;
use json::TokenizerJson;
use xlm_roberta::Unknown;

use super::error::TokenizerError;
use super::hints::{Limit, TokenizerHints};
use super::post_processing::PostProcessing;

/// A tokenizer as its files describe it.
pub struct Loaded {
    /// Everything up to a text's own tokens.
    pub tokenizer: Tokenizer,
    /// What is added to them.
    pub processing: PostProcessing,
    /// The ids of all special tokens that the class or a file names.
    pub special_ids: Vec<u32>,
    /// The ids of the tokens that have a role.
    pub roles: Roles,
    /// The side at which long texts are cut.
    pub direction: TruncationDirection,
    /// The longest sequence that the files allow.
    pub max_length: Option<Limit>,
    /// The file with the vocabulary.
    pub file: PathBuf,
    /// What the tokenizer does beyond what that file says, if anything.
    pub beyond_file: Option<String>,
}

/// The ids of the tokens that have a role, if there are such.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// The token for what the vocabulary lacks: `unk_token`.
    pub unknown: Option<u32>,
    /// The token that stands for one that is to be predicted: `mask_token`.
    pub mask: Option<u32>,
    /// The first token of a text: `cls_token`.
    pub class: Option<u32>,
    /// The last token of a text: `eos_token`.
    pub end: Option<u32>,
    /// The token that fills up a batch: `pad_token`.
    pub padding: Option<u32>,
}

impl Roles {
    /// Those that stand for nothing in a text itself.
    pub fn of_texts(self) -> impl Iterator<Item = u32> {
        [self.class, self.end, self.padding, self.unknown].into_iter().flatten()
    }
}

/// Reads a tokenizer.
///
/// # Errors
/// A file can't be read, or a field says something that isn't served.
pub fn load(dir: &Path, hints: &TokenizerHints) -> Result<Loaded, TokenizerError> {
    let config_file = dir.join("tokenizer_config.json");
    let config = Fields::read(&config_file)?.unwrap_or_else(|| Fields::none(&config_file));
    let config = config.with_arguments(hints.arguments.as_ref())?;
    let json = TokenizerJson::read(dir)?;
    let json = json.as_ref();
    let Class { source, token_types } = Class::choose(&config, hints, dir, json)?;
    settings::check_unserved(&config, json)?;
    let direction = settings::direction(&config, json)?;
    let token_types = settings::token_types(&config, token_types)?;
    let max_length = settings::max_length(&config, hints)?;
    let file = match (json, source) {
        (Some(json), _) => json.file.clone(),
        (None, Source::Roberta(_)) => dir.join(PAIRS[0]),
        (None, _) => dir.join(VOCAB_TXT),
    };
    let error = |message: String| TokenizerError::new(&file, message);
    let parts = Parts { config: &config, source, file: &file, dir, older: true };
    let Built { mut tokenizer, processor, mut special_ids, roles } =
        parts.build(hints.word_rows)?;
    tokenizer.set_encode_special_tokens(config.flag("split_special_tokens", false)?);
    if hints.lower_case {
        lower_case_first(&mut tokenizer).map_err(|cause| error(cause.to_string()))?;
    }
    let registered = markers::register(&mut tokenizer, &hints.markers);
    special_ids.extend(registered.map_err(|cause| error(cause.to_string()))?);
    let processing = PostProcessing::new(processor, !token_types).map_err(error)?;
    let mut found = identity::describe(&tokenizer, &processing, direction);
    let alone = match (json, source) {
        (Some(json), _) => identity::describe_json(json),
        (None, Source::Roberta(_)) => {
            // No single file has all of it.
            found["merges"] = roberta::read_merges(dir)?.into();
            Value::Null
        }
        (None, _) => parts.describe_vocab(&Fields::none(&config_file), hints.word_rows),
    };
    let beyond_file = (found != alone).then(|| found.to_string());
    Ok(Loaded {
        tokenizer,
        processing,
        special_ids,
        roles,
        direction,
        max_length,
        file,
        beyond_file,
    })
}

/// What a tokenizer is read from.
struct Parts<'p> {
    config: &'p Fields,
    source: Source<'p>,
    /// The file with the vocabulary.
    file: &'p Path,
    /// The folder.
    dir: &'p Path,
    /// Whether older files in it that declare tokens are read.
    older: bool,
}

impl Parts<'_> {
    fn build(&self, rows: Option<usize>) -> Result<Built, TokenizerError> {
        let Self { config, file, .. } = *self;
        let error = |message: String| TokenizerError::new(file, message);
        let added = self.additions()?;
        let (tokenizer, processor) = match self.source {
            Source::Whole(json) => {
                let tokenizer = added.add_to(whole::build(json)?, rows)?;
                whole::take_processor(tokenizer).map_err(error)?
            }
            Source::XlmRoberta(json) | Source::Camembert(json) => {
                let unknown = match self.source {
                    Source::Camembert(_) => Unknown::Piece(added.name("unk_token")?),
                    _ => Unknown::Fixed,
                };
                let tokenizer = added.add_to(xlm_roberta::build(json, config, unknown)?, rows)?;
                let (begin, end) = (added.name("bos_token")?, added.name("eos_token")?);
                let processor = xlm_roberta::template(&tokenizer, begin, end).map_err(error)?;
                (tokenizer, processor)
            }
            Source::DebertaV2(json) | Source::Albert(json) => {
                let bare = match self.source {
                    Source::Albert(_) => albert::build(json, config)?,
                    _ => deberta_v2::build(json, config, added.name("unk_token")?)?,
                };
                let tokenizer = added.add_to(bare, rows)?;
                let (class, separator) = (added.name("cls_token")?, added.name("sep_token")?);
                let processor = bert::template(&tokenizer, class, separator).map_err(error)?;
                (tokenizer, processor)
            }
            Source::Bert(json) | Source::MPNet(json) => {
                let vocab = json.map_or_else(|| bert::read_vocab(file), bert::json_vocab)?;
                let bare = bert::build(vocab, added.name("unk_token")?, config, file)?;
                let tokenizer = added.add_to(bare, rows)?;
                let (class, separator) = (added.name("cls_token")?, added.name("sep_token")?);
                let processor = match self.source {
                    Source::MPNet(_) => mpnet::processor(&tokenizer, class, separator),
                    _ => bert::template(&tokenizer, class, separator),
                };
                (tokenizer, processor.map_err(error)?)
            }
            Source::Roberta(json) => {
                let tokenizer = added.add_to(roberta::build(json, config, self.dir)?, rows)?;
                let (class, separator) = (added.name("cls_token")?, added.name("sep_token")?);
                let processor = roberta::processor(&tokenizer, class, separator, config)?;
                (tokenizer, processor.map_err(error)?)
            }
        };
        let processor = begin_end::processor(config, &added, &tokenizer)?.unwrap_or(processor);
        let special_ids = added.special_ids(&tokenizer);
        let id = |role: &str| added.name(role).ok().and_then(|token| tokenizer.token_to_id(token));
        let roles = Roles {
            unknown: id("unk_token"),
            mask: id("mask_token"),
            class: id("cls_token"),
            end: id("eos_token"),
            padding: id("pad_token"),
        };
        Ok(Built { tokenizer, processor, special_ids, roles })
    }

    /// The tokens that the files add to the vocabulary.
    fn additions(&self) -> Result<Additions, TokenizerError> {
        let (json, defaults) = match self.source {
            Source::Bert(json) => (json, bert::CLASS_TOKENS.to_vec()),
            Source::MPNet(json) => (json, mpnet::CLASS_TOKENS.to_vec()),
            Source::Roberta(json) => (json, xlm_roberta::CLASS_TOKENS.to_vec()),
            Source::XlmRoberta(json) => (Some(json), xlm_roberta::CLASS_TOKENS.to_vec()),
            Source::Camembert(json) => (Some(json), camembert::CLASS_TOKENS.to_vec()),
            Source::DebertaV2(json) => (Some(json), deberta_v2::CLASS_TOKENS.to_vec()),
            Source::Albert(json) => (Some(json), albert::CLASS_TOKENS.to_vec()),
            Source::Whole(json) => (Some(json), whole::class_tokens(json)),
        };
        let extra: &[&str] = match self.source {
            Source::Camembert(_) => &camembert::EXTRA_TOKENS,
            _ => &[],
        };
        let json = json.map(|json| &json.added_tokens);
        let Self { config, older, .. } = *self;
        Additions::collect(self.dir, &TokenFiles { config, json, defaults, extra, older })
    }

    /// What `vocab.txt` says alone, without other files: `none` has no fields. Null if it can't be
    /// used alone.
    fn describe_vocab(&self, none: &Fields, rows: Option<usize>) -> Value {
        let alone = Parts { config: none, older: false, ..*self }.build(rows).ok();
        let described = alone.and_then(|Built { tokenizer, processor, .. }| {
            let processing = PostProcessing::new(processor, false).ok()?;
            Some(identity::describe(&tokenizer, &processing, TruncationDirection::Right))
        });
        described.unwrap_or_default()
    }
}

/// A tokenizer that was built from [`Parts`].
struct Built {
    /// Without a post-processor.
    tokenizer: Tokenizer,
    processor: PostProcessorWrapper,
    special_ids: Vec<u32>,
    roles: Roles,
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
