//! Text to tokens: what may come in, how it is cut, which characters a token stands for.
//!
//! Knows neither requests nor models; limits come in as numbers.

pub mod input;
pub mod tokenizer;
mod vocab;
pub mod windows;

pub use input::{Input, InvalidText, Text};
pub use tokenizer::{Encoded, LongText, TokenizeError, Tokenizer, TokenizerError};
pub use windows::Window;
