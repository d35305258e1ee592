//! Why a tokenizer or an input can't be used.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::field::unusable;

/// Why a tokenizer can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", file.display())]
pub struct TokenizerError {
    /// The file that can't be used.
    pub file: PathBuf,
    /// What was found, and what is allowed.
    pub message: String,
}

impl TokenizerError {
    /// A file that can't be used, and why.
    pub(super) fn new(file: &Path, message: impl ToString) -> Self {
        Self { file: file.into(), message: message.to_string() }
    }

    /// A field with a value that can't be used. `allowed` completes the sentence after it.
    pub(super) fn field(file: &Path, field: &str, found: &Value, allowed: &str) -> Self {
        Self::new(file, unusable(field, found.clone(), allowed))
    }
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
    /// Nothing is left of the text, and the tokenizer adds nothing to it.
    #[error(
        "the text has no tokens: nothing is left of it after normalisation, and this model adds no \
         special tokens; at least one token is needed"
    )]
    NoTokens,
    /// The tokenizer failed, which is an error of the server. Its own message is left out, since it
    /// may quote the text.
    #[error("the tokenizer failed to {step}")]
    Failed {
        /// What it could not do.
        step: &'static str,
    },
}

impl TokenizeError {
    /// Replaces an error of the tokenizer by the step at which it failed.
    pub(super) fn failed_to<E>(step: &'static str) -> impl Fn(E) -> Self {
        move |_| Self::Failed { step }
    }
}
