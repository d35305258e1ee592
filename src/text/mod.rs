//! Text to tokens: which texts are allowed, tokenisation, truncation, windows.
//!
//! Knows neither requests nor models; limits are passed in as numbers.

pub mod input;
pub mod tokenizer;
mod vocab;
pub mod windows;

pub use input::{Input, InvalidText, Text};
pub use tokenizer::{Encoded, LongText, TokenizeError, Tokenizer, TokenizerError};
pub use windows::Window;
