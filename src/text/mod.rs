//! Text to tokens: which texts are allowed, tokenisation, truncation, windows.
//!
//! Knows neither requests nor models; limits are passed in as numbers.

mod encoded;
mod error;
mod hints;
pub mod input;
mod late;
mod loading;
mod post_processing;
mod prompt;
#[cfg(test)]
mod tests;
mod token_ids;
pub mod tokenizer;
pub mod windows;
mod words;

pub use encoded::Encoded;
pub use error::{TokenizeError, TokenizerError};
pub use hints::{Limit, TokenizerArguments, TokenizerHints};
pub use input::{Input, InvalidText, Text};
pub use late::{Filling, LateReader};
pub use prompt::without_prompt;
pub use tokenizer::{LongText, TextReader, Tokenizer, TruncationSide};
pub use windows::Window;
pub use words::Words;
