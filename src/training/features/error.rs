//! Why features could not be computed.

use crate::model::recipe::InvalidRecipe;
use crate::text::{InvalidText, TokenizeError};

/// Why features could not be computed. Lines are those of the file, counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum FeatureError {
    /// A text that can't be tokenised.
    #[error("line {line}: {error}")]
    Text {
        /// Its line.
        line: u64,
        /// The reason.
        error: InvalidText,
    },
    /// The tokenizer failed on a text.
    #[error("line {line}: {error}")]
    Tokenize {
        /// Its line.
        line: u64,
        /// The reason.
        error: TokenizeError,
    },
    /// The encoder failed.
    #[error(transparent)]
    Encoder(#[from] candle_core::Error),
    /// A layer that the encoder doesn't have.
    #[error(transparent)]
    Layer(#[from] InvalidRecipe),
    /// Pooled rows disappeared from the cache after they had been found there.
    #[error("the cache was changed by another program meanwhile; run it again")]
    CacheChanged,
}
