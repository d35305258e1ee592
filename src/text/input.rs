//! A text that may be tokenised: not blank, not too long.

/// Why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing in it, or white space alone.
    #[error("the text is blank; at least one visible character is needed")]
    Blank,
    /// More bytes than are allowed.
    #[error("the text has {bytes} bytes; at most {limit} are allowed")]
    TooLong {
        /// Bytes of UTF-8 found.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
}

/// A text that isn't blank and isn't over the limit on bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Checks a text. `limit` is in bytes of UTF-8.
    ///
    /// # Errors
    /// It is blank or too long. Text that only becomes empty in tokenisation is fine.
    pub fn parse(raw: String, limit: usize) -> Result<Self, InvalidText> {
        if raw.len() > limit {
            return Err(InvalidText::TooLong { bytes: raw.len(), limit });
        }
        if raw.chars().all(char::is_whitespace) {
            return Err(InvalidText::Blank);
        }
        Ok(Self(raw))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same with a prompt in front.
    pub fn prompted(self, prompt: &str) -> Self {
        if prompt.is_empty() { self } else { Self(format!("{prompt}{}", self.0)) }
    }
}

/// One text, or two read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The first, token type 0.
    pub text: Text,
    /// The second, token type 1.
    pub pair: Option<Text>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_text_is_rejected() {
        for blank in ["", " ", "\t\n\r ", "\u{3000}"] {
            assert_eq!(Text::parse(blank.to_owned(), 10), Err(InvalidText::Blank));
        }
    }

    #[test]
    fn text_that_only_becomes_empty_is_not() {
        assert!(Text::parse("\u{200b}".to_owned(), 10).is_ok());
    }

    #[test]
    fn the_limit_counts_bytes() {
        assert!(Text::parse("ééé".to_owned(), 6).is_ok());
        let refused = Text::parse("éééa".to_owned(), 6);
        assert_eq!(refused, Err(InvalidText::TooLong { bytes: 7, limit: 6 }));
    }
}
