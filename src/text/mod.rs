//! Text to tokens: which texts are allowed, tokenisation, truncation, windows.
//!
//! Knows neither requests nor models; limits are passed in as numbers.

mod config;
mod error;
mod hints;
pub mod input;
mod prompt;
pub mod tokenizer;
mod vocab;
pub mod windows;

pub use error::{TokenizeError, TokenizerError};
pub use hints::TokenizerHints;
pub use input::{Input, InvalidText, Text};
pub use prompt::without_prompt;
pub use tokenizer::{Encoded, LongText, Tokenizer};
pub use windows::Window;
