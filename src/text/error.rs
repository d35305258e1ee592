//! Why a tokenizer or an input can't be used.

use std::path::PathBuf;

/// Why a tokenizer can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", file.display())]
pub struct TokenizerError {
    /// The file that can't be used.
    pub file: PathBuf,
    /// What was found, and what is allowed.
    pub message: String,
}

/// Why an input can't be tokenised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenizeError {
    /// The text is longer than the limit and must not be truncated.
    #[error("the text has {tokens} tokens, special tokens included; at most {limit} are allowed")]
    TooLong {
        /// Tokens found.
        tokens: usize,
        /// Tokens allowed.
        limit: usize,
    },
    /// The pair is longer than the limit; only a single text can be read in windows.
    #[error(
        "the pair has {tokens} tokens, special tokens included; at most {limit} are allowed, because \
         only a single text can be read in windows"
    )]
    PairTooLong {
        /// Tokens found.
        tokens: usize,
        /// Tokens allowed.
        limit: usize,
    },
    /// The tokenizer failed, which is an error of the server. Its own message is left out, since it
    /// may quote the text.
    #[error("the tokenizer failed to {step}")]
    Failed {
        /// What it could not do.
        step: &'static str,
    },
}
