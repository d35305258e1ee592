//! Texts that may be tokenised: neither blank nor too long.

/// Why a text is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// The text is empty or has only white space.
    #[error("the text is blank; at least one visible character is needed")]
    Blank,
    /// The text has more bytes than are allowed.
    #[error("the text has {bytes} bytes; at most {limit} are allowed")]
    TooLong {
        /// Bytes of UTF-8 found.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
}

/// A text that is neither blank nor longer than the limit in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Checks a text. `limit` is in bytes of UTF-8.
    ///
    /// # Errors
    /// The text is blank or too long. A text that only becomes empty in tokenisation is allowed.
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

    /// The text with a prompt in front.
    pub fn with_prompt(self, prompt: &str) -> Self {
        if prompt.is_empty() { self } else { Self(format!("{prompt}{}", self.0)) }
    }
}

/// One text, or a pair of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The first text, with token type 0.
    pub text: Text,
    /// The second text, with token type 1.
    pub pair: Option<Text>,
}

impl Input {
    /// Bytes of its text, or of both texts of a pair.
    pub fn bytes(&self) -> usize {
        self.text.as_str().len() + self.pair.as_ref().map_or(0, |pair| pair.as_str().len())
    }
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
    fn a_text_that_only_becomes_empty_in_tokenisation_is_allowed() {
        assert!(Text::parse("\u{200b}".to_owned(), 10).is_ok());
    }

    #[test]
    fn the_limit_is_in_bytes() {
        assert!(Text::parse("ééé".to_owned(), 6).is_ok());
        let refused = Text::parse("éééa".to_owned(), 6);
        assert_eq!(refused, Err(InvalidText::TooLong { bytes: 7, limit: 6 }));
    }
}
