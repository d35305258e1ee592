//! How rows become sequences.

use serde::{Deserialize, Serialize};

use super::error::FeatureError;
use crate::text::{Input, InvalidText, LongText, Text, TokenizeError, Tokenizer, Window};
use crate::training::data::Row;

/// What happens to a text with more tokens than a sequence can have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LongTexts {
    /// It is truncated.
    #[default]
    Truncate,
    /// It is read in overlapping windows; a pair that is too long is refused.
    Window,
}

impl LongTexts {
    /// As the command line and the cache name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncate => "truncate",
            Self::Window => "window",
        }
    }

    /// Whether texts are truncated.
    pub fn is_truncate(&self) -> bool {
        *self == Self::Truncate
    }
}

/// Turns rows into sequences.
#[derive(Clone, Copy)]
pub struct RowReader<'a> {
    /// The encoder's tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Most tokens of a sequence, special tokens included.
    pub sequence_tokens: usize,
    /// What happens to longer texts.
    pub long_texts: LongTexts,
}

impl RowReader<'_> {
    /// The windows of a row; one, unless its text is long and read in windows.
    ///
    /// # Errors
    /// A text that can't be tokenised.
    pub fn windows(&self, row: &Row) -> Result<Vec<Window>, FeatureError> {
        let line = row.line;
        let input = input(&row.text, row.pair.as_deref())
            .map_err(|error| FeatureError::Text { line, error })?;
        self.encode(&input).map_err(|error| FeatureError::Tokenize { line, error })
    }

    /// The token ids of a text, or of a pair, as the model gets them; none if it can't be tokenised.
    pub fn seen(&self, text: &str, pair: Option<&str>) -> Option<Vec<u32>> {
        let windows = self.encode(&input(text, pair).ok()?).ok()?;
        Some(windows.into_iter().flat_map(|window| window.encoded.sequence.ids).collect())
    }

    fn encode(&self, input: &Input) -> Result<Vec<Window>, TokenizeError> {
        match self.long_texts {
            LongTexts::Truncate => {
                let long_text = LongText::Truncate(None);
                let encoded = self.tokenizer.encode(input, self.sequence_tokens, long_text)?;
                Ok(vec![encoded.into()])
            }
            LongTexts::Window => self.tokenizer.encode_windows(input, self.sequence_tokens),
        }
    }
}

fn input(text: &str, pair: Option<&str>) -> Result<Input, InvalidText> {
    let parse = |text: &str| Text::parse(text.to_owned(), usize::MAX);
    Ok(Input { text: parse(text)?, pair: pair.map(parse).transpose()? })
}
