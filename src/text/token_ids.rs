//! From token ids back to the text that they are made of.

use super::error::TokenizeError;
use super::input::Text;
use super::tokenizer::Tokenizer;

impl Tokenizer {
    /// A text of which the tokenizer makes exactly these ids, with its special tokens or without; `None`
    /// if there is none. Its own tokens may not include those that are added or that pad: a text seldom
    /// has them, and they are a sign of padding or of special tokens that were added twice.
    ///
    /// # Errors
    /// The tokenizer failed.
    pub fn text_of(&self, ids: &[u32]) -> Result<Option<String>, TokenizeError> {
        let (first, last) = self.special_around()?;
        let own = ids.get(first..ids.len().saturating_sub(last)).unwrap_or_default();
        for (own, has_special) in [(own, true), (ids, false)] {
            if own.iter().any(|&id| self.is_added(id)) {
                continue;
            }
            let text = Text::parse(self.decode(own, false)?, usize::MAX);
            if let Ok(text) = text
                && self.encode_whole(&text, has_special)?.sequence.ids == ids
            {
                return Ok(Some(text.as_str().to_owned()));
            }
        }
        Ok(None)
    }

    /// Whether it is a special token that a text has only where it is written out: all but those for
    /// unknown and for masked words.
    fn is_added(&self, id: u32) -> bool {
        const OF_TEXTS: [&str; 4] = ["[UNK]", "<unk>", "[MASK]", "<mask>"];
        self.is_special(id)
            && self.token(id).is_some_and(|token| !OF_TEXTS.contains(&token.as_str()))
    }

    /// How many special tokens are before and after a text.
    fn special_around(&self) -> Result<(usize, usize), TokenizeError> {
        let text = Text::parse("a".to_owned(), 1).map_err(|_| TokenizeError::NoTokens)?;
        let special = self.encode_whole(&text, true)?.special;
        let first = special.iter().take_while(|&&special| special).count();
        let last = special.iter().rev().take_while(|&&special| special).count();
        Ok((first, last))
    }
}
