//! The tokens that a checkpoint's files add to the vocabulary, and their ids.
//!
//! They are collected from the same files, in the same order and with the same precedence as in
//! transformers, since the order decides which ids new tokens get.

mod add;
mod collect;
mod names;
mod token;

pub use collect::{Additions, TokenFiles};
pub use names::ClassToken;
