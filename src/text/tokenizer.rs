//! The checkpoint's tokenizer, without its own padding and truncation.

use std::fs;
use std::path::{Path, PathBuf};

use tokenizers::normalizers::{self, Lowercase, NormalizerWrapper};
use tokenizers::utils::truncation::{TruncationParams, TruncationStrategy, truncate_encodings};
use tokenizers::{Encoding, PostProcessor};

use super::config::{SentenceConfig, TokenizerConfig, read_config};
use super::error::{TokenizeError, TokenizerError};
use super::hints::TokenizerHints;
use super::input::{Input, Text};
use super::vocab::{Normalization, from_vocab};
use crate::sequence::Sequence;

/// What happens to a sequence that is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongText {
    /// It is truncated at the end; of a pair, the longer text first.
    Truncate,
    /// It is refused.
    Error,
}

/// The tokens of an input, special tokens included, and their positions in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids and token types, `t` of each.
    pub sequence: Sequence,
    /// For each token the first character and the one after the last, counted in Unicode characters
    /// of the text, prompt included.
    pub spans: Vec<(usize, usize)>,
    /// For each token whether the tokenizer added it; false for a `[SEP]` in the text itself.
    pub special: Vec<bool>,
    /// For each token whether it belongs to the second text of a pair; its span then refers to that
    /// text.
    pub second: Vec<bool>,
    /// Tokens before truncation, special tokens included.
    pub full_tokens: usize,
}

impl Encoded {
    /// Whether the input was truncated.
    pub fn truncated(&self) -> bool {
        self.full_tokens > self.sequence.tokens()
    }
}

/// Turns texts into tokens. Read-only, so it can be shared between threads.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    file: PathBuf,
    model_max_length: Option<usize>,
}

impl Tokenizer {
    /// Reads `tokenizer.json`, or `vocab.txt` if there is no `tokenizer.json`. `hints` is what other
    /// files say about it.
    ///
    /// # Errors
    /// Neither file exists, or it can't be read.
    pub fn load(dir: &Path, hints: &TokenizerHints) -> Result<Self, TokenizerError> {
        let config: TokenizerConfig = read_config(&dir.join("tokenizer_config.json"))?;
        let sentence: SentenceConfig = read_config(&dir.join("sentence_bert_config.json"))?;
        let json = dir.join("tokenizer.json");
        let vocab = dir.join("vocab.txt");
        let error = |file: &Path, message: String| TokenizerError { file: file.into(), message };
        let (mut inner, file) = if json.exists() {
            let bytes = fs::read(&json).map_err(|cause| error(&json, cause.to_string()))?;
            let inner = tokenizers::Tokenizer::from_bytes(bytes)
                .map_err(|cause| error(&json, format!("not a tokenizer: {cause}")))?;
            (inner, json)
        } else if vocab.exists() {
            let text =
                fs::read_to_string(&vocab).map_err(|cause| error(&vocab, cause.to_string()))?;
            let normalization = Normalization {
                lowercase: config.do_lower_case,
                strip_accents: config.strip_accents,
                split_cjk: config.tokenize_chinese_chars,
            };
            (from_vocab(&text, normalization).map_err(|message| error(&vocab, message))?, vocab)
        } else {
            return Err(error(dir, "neither tokenizer.json nor vocab.txt was found".to_owned()));
        };
        if sentence.do_lower_case || hints.lower_case {
            lower_case_first(&mut inner).map_err(|cause| error(&file, cause.to_string()))?;
        }
        inner.with_padding(None);
        inner
            .with_truncation(None)
            .map_err(|cause| error(&file, format!("its truncation can't be removed: {cause}")))?;
        // transformers writes 1e30 if there is no limit.
        let model_max_length = config.model_max_length.filter(|&max| (1.0..1e9).contains(&max));
        let model_max_length = model_max_length.map(|max| max as usize);
        Ok(Self { inner, file, model_max_length })
    }

    /// The file that the tokenizer was read from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The longest sequence that `tokenizer_config.json` allows, if it has a limit.
    pub fn model_max_length(&self) -> Option<usize> {
        self.model_max_length
    }

    /// Checks that every token has a row in an embedding table of `rows` rows.
    ///
    /// # Errors
    /// A token has no row.
    pub fn check_fits(&self, rows: usize) -> Result<(), TokenizerError> {
        let vocab = self.inner.get_vocab(true);
        match vocab.into_iter().max_by_key(|(_, id)| *id) {
            Some((token, id)) if id as usize >= rows => Err(TokenizerError {
                file: self.file.clone(),
                message: format!(
                    "token \"{token}\" has the id {id}; the embedding table \
                     embeddings.word_embeddings.weight has {rows} rows"
                ),
            }),
            _ => Ok(()),
        }
    }

    /// The token with this id, as the vocabulary writes it.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// Whether the tokenizer declares this token as special.
    pub(super) fn is_special(&self, id: u32) -> bool {
        self.inner.get_added_tokens_decoder().get(&id).is_some_and(|token| token.special)
    }

    /// How many special tokens are added to a text, or to a pair.
    pub fn added_tokens(&self, is_pair: bool) -> usize {
        self.inner.get_post_processor().map_or(0, |processor| processor.added_tokens(is_pair))
    }

    /// Tokenises an input into at most `limit` tokens, special tokens included.
    ///
    /// # Errors
    /// The input is too long and `long_text` is [`LongText::Error`], or the tokenizer failed.
    pub fn encode(
        &self,
        input: &Input,
        limit: usize,
        long_text: LongText,
    ) -> Result<Encoded, TokenizeError> {
        // Without special tokens first, so that the tokens before truncation can be counted.
        let first = self.encode_without_special_tokens(&input.text)?;
        let pair = input.pair.as_ref();
        let second = pair.map(|pair| self.encode_without_special_tokens(pair)).transpose()?;
        let added = self.added_tokens(second.is_some());
        let full_tokens = first.len() + second.as_ref().map_or(0, Encoding::len) + added;
        if full_tokens > limit && long_text == LongText::Error {
            return Err(TokenizeError::TooLong { tokens: full_tokens, limit });
        }
        let truncation = TruncationParams {
            max_length: limit.saturating_sub(added),
            strategy: TruncationStrategy::LongestFirst,
            ..TruncationParams::default()
        };
        let (first, second) =
            truncate_encodings(first, second, &truncation).map_err(failed_to("truncate"))?;
        Ok(Encoded { full_tokens, ..self.add_special_tokens(first, second)? })
    }

    /// The tokens of a text, without special tokens.
    pub(super) fn encode_without_special_tokens(
        &self,
        text: &Text,
    ) -> Result<Encoding, TokenizeError> {
        let encoded = self.inner.encode_char_offsets(text.as_str(), false);
        encoded.map_err(failed_to("split the text into tokens"))
    }

    /// Adds the special tokens to a text or a pair.
    pub(super) fn add_special_tokens(
        &self,
        first: Encoding,
        second: Option<Encoding>,
    ) -> Result<Encoded, TokenizeError> {
        let whole = self.inner.post_process(first, second, true);
        let whole = whole.map_err(failed_to("add special tokens"))?;
        Ok(Encoded {
            sequence: Sequence {
                ids: whole.get_ids().to_vec(),
                type_ids: whole.get_type_ids().to_vec(),
            },
            spans: whole.get_offsets().to_vec(),
            special: whole.get_special_tokens_mask().iter().map(|&mask| mask == 1).collect(),
            second: whole.get_sequence_ids().into_iter().map(|text| text == Some(1)).collect(),
            full_tokens: whole.len(),
        })
    }
}

/// Replaces an error of the tokenizer by the step at which it failed.
fn failed_to<E>(step: &'static str) -> impl Fn(E) -> TokenizeError {
    move |_| TokenizeError::Failed { step }
}

/// Makes lower-casing the first step of normalisation. Spans still refer to the original text.
fn lower_case_first(tokenizer: &mut tokenizers::Tokenizer) -> tokenizers::Result<()> {
    let mut steps = vec![NormalizerWrapper::Lowercase(Lowercase)];
    steps.extend(tokenizer.get_normalizer().cloned());
    tokenizer.with_normalizer(Some(normalizers::Sequence::new(steps)))?;
    Ok(())
}
