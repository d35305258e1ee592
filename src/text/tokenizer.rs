//! The checkpoint's tokenizer, without its own padding and truncation.

use std::path::Path;

use tokenizers::Encoding;
use tokenizers::utils::truncation::{
    TruncationDirection, TruncationParams, TruncationStrategy, truncate_encodings,
};

use super::encoded::Encoded;
use super::error::{TokenizeError, TokenizerError};
use super::hints::{Limit, TokenizerHints};
use super::input::{Input, Text};
use super::loading::{Loaded, Roles, load};

/// What happens to a sequence that is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongText {
    /// It is truncated on this side, or else on the one that the checkpoint names; of a pair, the
    /// longer text first.
    Truncate(Option<TruncationSide>),
    /// The first text of a pair is truncated, on the side that the checkpoint names.
    TruncateFirst,
    /// It is refused.
    Error,
}

/// The side on which a text is truncated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TruncationSide {
    /// Its first tokens are left out.
    Left,
    /// Its last tokens are left out.
    Right,
}

impl From<TruncationSide> for TruncationDirection {
    fn from(side: TruncationSide) -> Self {
        match side {
            TruncationSide::Left => Self::Left,
            TruncationSide::Right => Self::Right,
        }
    }
}

/// A tokenizer, with the length of its sequences.
pub struct TextReader {
    /// Turns texts into tokens.
    pub tokenizer: Tokenizer,
    /// Most tokens of a sequence, special tokens included.
    pub sequence_tokens: usize,
}

/// Turns texts into tokens. Read-only, so it can be shared between threads.
pub struct Tokenizer {
    loaded: Loaded,
}

impl Tokenizer {
    /// Reads `tokenizer.json`, or `vocab.txt` if there is no `tokenizer.json`, and the files beside
    /// it. `hints` is what other files say about it.
    ///
    /// # Errors
    /// Neither file exists, a file can't be read, or a field says something that isn't served.
    pub fn load(dir: &Path, hints: &TokenizerHints) -> Result<Self, TokenizerError> {
        Ok(Self { loaded: load(dir, hints)? })
    }

    /// The file that the vocabulary was read from. With [`Self::beyond_file`] it identifies the tokenizer.
    pub fn file(&self) -> &Path {
        &self.loaded.file
    }

    /// What the tokenizer does beyond what its file says, as other files have it; `None` if they
    /// only repeat it.
    pub fn beyond_file(&self) -> Option<&str> {
        self.loaded.beyond_file.as_deref()
    }

    /// The longest sequence that the tokenizer's files and sentence-transformers allow, if they have
    /// a limit.
    pub fn max_length(&self) -> Option<&Limit> {
        self.loaded.max_length.as_ref()
    }

    /// Checks that every token of the vocabulary has a row in an embedding table of `word_rows` rows,
    /// and that what is written for texts and pairs has rows in both tables.
    ///
    /// # Errors
    /// A token or a token type has no row.
    pub fn check_fits(
        &self,
        word_rows: usize,
        type_rows: Option<usize>,
    ) -> Result<(), TokenizerError> {
        let Loaded { tokenizer, processing, file, .. } = &self.loaded;
        let vocab = tokenizer.get_vocab(true);
        if let Some((token, id)) = vocab.into_iter().max_by_key(|(_, id)| *id)
            && id as usize >= word_rows
        {
            let message = format!(
                "token \"{token}\" has the id {id}; the embedding table \
                 embeddings.word_embeddings.weight has {word_rows} rows"
            );
            return Err(TokenizerError::new(file, message));
        }
        let error = |message: String| TokenizerError::new(file, message);
        processing.check_rows(word_rows, type_rows).map_err(error)
    }

    /// Whether two texts can be read as a pair, if the model has a table of `type_rows` token types.
    pub fn takes_pairs(&self, type_rows: Option<usize>) -> bool {
        self.loaded.processing.takes_pairs(type_rows)
    }

    /// The token with this id, as the vocabulary writes it.
    pub fn token(&self, id: u32) -> Option<String> {
        self.loaded.tokenizer.id_to_token(id)
    }

    /// The tokenizers crate's tokenizer.
    pub(super) fn backend(&self) -> &tokenizers::Tokenizer {
        &self.loaded.tokenizer
    }

    /// The id of a token, as the vocabulary writes it.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.loaded.tokenizer.token_to_id(token)
    }

    /// The ids of the tokens that have a role.
    pub fn roles(&self) -> Roles {
        self.loaded.roles
    }

    /// Whether the class or a file names this token as special: transformers' `all_special_ids`.
    pub(super) fn is_special(&self, id: u32) -> bool {
        self.loaded.special_ids.contains(&id)
    }

    /// How many tokens of a sequence are not a text's own, or a pair's own: special tokens, and what
    /// truncation reserves for them where that is more.
    pub fn special_tokens(&self, is_pair: bool) -> usize {
        let processing = &self.loaded.processing;
        processing.special_tokens(is_pair).max(processing.reserved_tokens(is_pair))
    }

    /// Tokenises an input into at most `limit` tokens, special tokens included.
    ///
    /// # Errors
    /// The input has no tokens, the tokenizer failed, or the input is too long and `long_text` is
    /// [`LongText::Error`]; or it is too long even when truncated, since the post-processor takes it
    /// several times.
    pub fn encode(
        &self,
        input: &Input,
        limit: usize,
        long_text: LongText,
    ) -> Result<Encoded, TokenizeError> {
        let pair = input.pair.as_ref().map(Text::as_str);
        self.encode_texts(input.text.as_str(), pair, limit, long_text)
    }

    /// Like [`Self::encode`], for texts that may be blank.
    pub(super) fn encode_texts(
        &self,
        text: &str,
        pair: Option<&str>,
        limit: usize,
        long_text: LongText,
    ) -> Result<Encoded, TokenizeError> {
        // Without special tokens first, so that the tokens before truncation can be counted.
        let first = self.encode_without_special_tokens(text)?;
        let second = pair.map(|pair| self.encode_without_special_tokens(pair)).transpose()?;
        let full_tokens = self.full_tokens(&first, second.as_ref());
        let too_long = Err(TokenizeError::TooLong { tokens: full_tokens, limit });
        let (strategy, side) = match long_text {
            LongText::Error if full_tokens > limit => return too_long,
            LongText::Error => (TruncationStrategy::LongestFirst, None),
            LongText::Truncate(side) => (TruncationStrategy::LongestFirst, side),
            LongText::TruncateFirst => {
                let excess = full_tokens.saturating_sub(limit);
                if second.is_some() && excess > 0 && excess >= first.len() {
                    return too_long;
                }
                (TruncationStrategy::OnlyFirst, None)
            }
        };
        let (first, second) = self.truncate(first, second, limit, strategy, side)?;
        if self.full_tokens(&first, second.as_ref()) > limit {
            return Err(TokenizeError::TooLong { tokens: full_tokens, limit });
        }
        Ok(Encoded { full_tokens, ..self.add_special_tokens(first, second)? })
    }

    /// The texts cut to the length at which transformers cuts them, on `side` or else on the side that
    /// the checkpoint names.
    fn truncate(
        &self,
        first: Encoding,
        second: Option<Encoding>,
        limit: usize,
        strategy: TruncationStrategy,
        side: Option<TruncationSide>,
    ) -> Result<(Encoding, Option<Encoding>), TokenizeError> {
        let Loaded { processing, direction, .. } = &self.loaded;
        let truncation = TruncationParams {
            max_length: limit.saturating_sub(processing.reserved_tokens(second.is_some())),
            strategy,
            direction: side.map_or(*direction, TruncationDirection::from),
            ..TruncationParams::default()
        };
        let cut = truncate_encodings(first, second, &truncation);
        let (mut first, mut second) = cut.map_err(TokenizeError::failed_to("truncate"))?;
        // What was cut off would be completed with special tokens too.
        first.take_overflowing();
        second.iter_mut().for_each(|second| drop(second.take_overflowing()));
        Ok((first, second))
    }

    /// All tokens of a text, however many, with special tokens or without.
    ///
    /// # Errors
    /// The tokenizer failed; or special tokens are wanted, and it adds none to a text of which nothing
    /// is left.
    pub fn encode_whole(
        &self,
        text: &Text,
        special_tokens: bool,
    ) -> Result<Encoded, TokenizeError> {
        let own = self.encode_without_special_tokens(text.as_str())?;
        if special_tokens {
            self.add_special_tokens(own, None)
        } else {
            Ok(Encoded::without_special_tokens(&own))
        }
    }

    /// The text of tokens, with special tokens or without.
    ///
    /// # Errors
    /// The tokenizer failed.
    pub fn decode(&self, ids: &[u32], skip_special_tokens: bool) -> Result<String, TokenizeError> {
        let text = self.loaded.tokenizer.decode(ids, skip_special_tokens);
        text.map_err(TokenizeError::failed_to("join the tokens into a text"))
    }

    fn full_tokens(&self, first: &Encoding, second: Option<&Encoding>) -> usize {
        self.loaded.processing.tokens(first.len(), second.map(Encoding::len))
    }

    /// The most tokens of a single text's own in a sequence of at most `limit` tokens.
    pub(super) fn capacity(&self, limit: usize) -> usize {
        self.loaded.processing.capacity(limit)
    }

    /// The tokens of a text, without special tokens.
    pub(super) fn encode_without_special_tokens(
        &self,
        text: &str,
    ) -> Result<Encoding, TokenizeError> {
        let encoded = self.loaded.tokenizer.encode_char_offsets(text, false);
        encoded.map_err(TokenizeError::failed_to("split the text into tokens"))
    }

    /// Adds the special tokens to a text or a pair.
    pub(super) fn add_special_tokens(
        &self,
        first: Encoding,
        second: Option<Encoding>,
    ) -> Result<Encoded, TokenizeError> {
        self.loaded.processing.complete(first, second)
    }
}
