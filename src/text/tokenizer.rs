//! The checkpoint's tokenizer, with its own padding and truncation taken out.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokenizers::normalizers::{Lowercase, NormalizerWrapper, Sequence};
use tokenizers::utils::truncation::{TruncationParams, TruncationStrategy, truncate_encodings};
use tokenizers::{Encoding, PostProcessor};

use super::input::{Input, Text};
use super::vocab::{Casing, from_vocab};

/// What happens to a sequence that is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongText {
    /// It is cut at its end; of a pair, the longer text first.
    Truncate,
    /// It is refused.
    Error,
}

/// Token ids of an input, special tokens included, and where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// `t` token ids.
    pub ids: Vec<u32>,
    /// Token types, 0 or 1.
    pub type_ids: Vec<u32>,
    /// Unicode characters of the input, start and end; of the prompted text if there is a prompt.
    pub spans: Vec<(usize, usize)>,
    /// Which tokens the tokenizer added; a typed `[SEP]` isn't one of them.
    pub special: Vec<bool>,
    /// Which tokens are of the second text of a pair; their spans are in that one.
    pub second: Vec<bool>,
    /// Tokens before it was cut, special tokens included.
    pub full_tokens: usize,
}

impl Encoded {
    /// Whether it was cut.
    pub fn truncated(&self) -> bool {
        self.full_tokens > self.ids.len()
    }
}

/// Why a tokenizer can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", file.display())]
pub struct TokenizerError {
    /// The file at fault.
    pub file: PathBuf,
    /// What was found and what is allowed.
    pub message: String,
}

/// Why an input can't be tokenised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenizeError {
    /// Longer than the limit, and cutting it was not allowed.
    #[error("the text has {tokens} tokens, special tokens included; at most {limit} are allowed")]
    TooLong {
        /// Tokens found.
        tokens: usize,
        /// Tokens allowed.
        limit: usize,
    },
    /// Only a text alone is read in windows.
    #[error(
        "the pair has {tokens} tokens, special tokens included; at most {limit} are allowed, and \
         only a text alone is read in windows"
    )]
    PairTooLong {
        /// Tokens found.
        tokens: usize,
        /// Tokens allowed.
        limit: usize,
    },
    /// The tokenizer failed; our fault.
    #[error("the tokenizer failed")]
    Failed,
}

/// `tokenizer_config.json`, as far as it matters here.
#[derive(Deserialize)]
struct RawConfig {
    #[serde(default)]
    model_max_length: Option<f64>,
    #[serde(default = "yes")]
    do_lower_case: bool,
    #[serde(default)]
    strip_accents: Option<bool>,
    #[serde(default = "yes")]
    tokenize_chinese_chars: bool,
}

fn yes() -> bool {
    true
}

/// `sentence_bert_config.json`, as far as it matters here: what sentence-transformers does to a
/// text before the tokenizer sees it.
#[derive(Default, Deserialize)]
struct SentenceConfig {
    #[serde(default)]
    do_lower_case: bool,
}

/// Turns texts into token ids. Needs no lock: it is read-only.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    file: PathBuf,
    model_max_length: Option<usize>,
}

impl Tokenizer {
    /// Reads `tokenizer.json`, or `vocab.txt` where there is none.
    ///
    /// # Errors
    /// Neither is there, or one can't be read.
    pub fn load(dir: &Path) -> Result<Self, TokenizerError> {
        let config: RawConfig = read_config(&dir.join("tokenizer_config.json"))?;
        let sentence: SentenceConfig = read_config(&dir.join("sentence_bert_config.json"))?;
        let json = dir.join("tokenizer.json");
        let vocab = dir.join("vocab.txt");
        let wrong = |file: &Path, message: String| TokenizerError { file: file.into(), message };
        let (mut inner, file) = if json.exists() {
            let bytes = fs::read(&json).map_err(|error| wrong(&json, error.to_string()))?;
            let inner = tokenizers::Tokenizer::from_bytes(bytes)
                .map_err(|error| wrong(&json, format!("not a tokenizer: {error}")))?;
            (inner, json)
        } else if vocab.exists() {
            let text = fs::read_to_string(&vocab).map_err(|e| wrong(&vocab, e.to_string()))?;
            let casing = Casing {
                lowercase: config.do_lower_case,
                strip_accents: config.strip_accents,
                split_cjk: config.tokenize_chinese_chars,
            };
            (from_vocab(&text, casing).map_err(|message| wrong(&vocab, message))?, vocab)
        } else {
            return Err(wrong(dir, "neither tokenizer.json nor vocab.txt is there".to_owned()));
        };
        if sentence.do_lower_case {
            lower_case_first(&mut inner).map_err(|error| wrong(&file, error.to_string()))?;
        }
        inner.with_padding(None);
        inner
            .with_truncation(None)
            .map_err(|error| wrong(&file, format!("its truncation can't be cleared: {error}")))?;
        // transformers writes 1e30 where it means no limit.
        let model_max_length = config.model_max_length.filter(|&max| (1.0..1e9).contains(&max));
        let model_max_length = model_max_length.map(|max| max as usize);
        Ok(Self { inner, file, model_max_length })
    }

    /// The file that it was read from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The longest sequence that the tokenizer's own config allows, if it says.
    pub fn model_max_length(&self) -> Option<usize> {
        self.model_max_length
    }

    /// Checks that every token has a row in an embedding table of `rows` rows.
    ///
    /// # Errors
    /// One hasn't.
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

    /// What a token is called.
    pub fn name_of(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// Special tokens that are put around one text, or around a pair.
    pub fn added_tokens(&self, is_pair: bool) -> usize {
        self.inner.get_post_processor().map_or(0, |processor| processor.added_tokens(is_pair))
    }

    /// Tokenises an input, within `limit` tokens, special tokens included.
    ///
    /// # Errors
    /// Too long with [`LongText::Error`], or the tokenizer failed.
    pub fn encode(
        &self,
        input: &Input,
        limit: usize,
        long_text: LongText,
    ) -> Result<Encoded, TokenizeError> {
        // Without special tokens first, so that what is cut can be counted.
        let first = self.body(&input.text)?;
        let second = input.pair.as_ref().map(|pair| self.body(pair)).transpose()?;
        let added = self.added_tokens(second.is_some());
        let full_tokens = first.len() + second.as_ref().map_or(0, Encoding::len) + added;
        if full_tokens > limit && long_text == LongText::Error {
            return Err(TokenizeError::TooLong { tokens: full_tokens, limit });
        }
        let cut = TruncationParams {
            max_length: limit.saturating_sub(added),
            strategy: TruncationStrategy::LongestFirst,
            ..TruncationParams::default()
        };
        let (first, second) =
            truncate_encodings(first, second, &cut).map_err(|_| TokenizeError::Failed)?;
        Ok(Encoded { full_tokens, ..self.finished(first, second)? })
    }

    /// A text's tokens without special ones, so that they can be counted.
    pub(super) fn body(&self, text: &Text) -> Result<Encoding, TokenizeError> {
        let encoded = self.inner.encode_char_offsets(text.as_str(), false);
        encoded.map_err(|_| TokenizeError::Failed)
    }

    /// With special tokens.
    pub(super) fn finished(
        &self,
        first: Encoding,
        second: Option<Encoding>,
    ) -> Result<Encoded, TokenizeError> {
        let whole = self.inner.post_process(first, second, true);
        let whole = whole.map_err(|_| TokenizeError::Failed)?;
        Ok(Encoded {
            ids: whole.get_ids().to_vec(),
            type_ids: whole.get_type_ids().to_vec(),
            spans: whole.get_offsets().to_vec(),
            special: whole.get_special_tokens_mask().iter().map(|&mask| mask == 1).collect(),
            second: whole.get_sequence_ids().into_iter().map(|of| of == Some(1)).collect(),
            full_tokens: whole.len(),
        })
    }
}

/// Puts lower-casing in front of whatever else is done to a text; spans stay those of the input.
fn lower_case_first(tokenizer: &mut tokenizers::Tokenizer) -> tokenizers::Result<()> {
    let mut steps = vec![NormalizerWrapper::Lowercase(Lowercase)];
    steps.extend(tokenizer.get_normalizer().cloned());
    tokenizer.with_normalizer(Some(Sequence::new(steps)))?;
    Ok(())
}

fn read_config<T: DeserializeOwned>(file: &Path) -> Result<T, TokenizerError> {
    let wrong = |message: String| TokenizerError { file: file.into(), message };
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "{}".to_owned(),
        Err(error) => return Err(wrong(error.to_string())),
    };
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}
