//! Which tokens go on the word of the token before.

use tokenizers::ModelWrapper;

use super::encoded::Encoded;
use super::tokenizer::Tokenizer;

/// The words of a text, as transformers' pipeline for token classification finds them.
pub struct Words<'t> {
    tokenizer: &'t Tokenizer,
    characters: Vec<char>,
}

impl<'t> Words<'t> {
    /// Those of a text.
    pub fn new(tokenizer: &'t Tokenizer, text: &str) -> Self {
        Self { tokenizer, characters: text.chars().collect() }
    }

    /// Whether token `at` goes on the word of the token before.
    ///
    /// Where the vocabulary marks such tokens, as WordPiece does with `##`: if the token is longer or
    /// shorter than the characters that it stands for. Elsewhere: if there is no space at its first
    /// character or before it. An unknown token begins a word.
    pub fn continues(&self, encoded: &Encoded, at: usize) -> bool {
        let (id, (start, end)) = (encoded.sequence.ids[at], encoded.spans[at]);
        if Some(id) == self.tokenizer.roles().unknown {
            return false;
        }
        if self.tokenizer.marks_continuations() {
            let token = self.tokenizer.token(id).unwrap_or_default();
            return token.chars().count() != end - start;
        }
        let around = start.saturating_sub(1)..(start + 1).min(self.characters.len());
        start > 0 && !self.characters[around].contains(&' ')
    }
}

impl Tokenizer {
    /// Whether tokens that go on a word have a mark of their own.
    fn marks_continuations(&self) -> bool {
        match self.backend().get_model() {
            ModelWrapper::WordPiece(pieces) => !pieces.continuing_subword_prefix.is_empty(),
            ModelWrapper::BPE(pairs) => {
                pairs.continuing_subword_prefix.as_ref().is_some_and(|prefix| !prefix.is_empty())
            }
            ModelWrapper::WordLevel(_) | ModelWrapper::Unigram(_) => false,
        }
    }
}
