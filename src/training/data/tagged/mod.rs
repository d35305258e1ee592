//! Files of texts whose entities are marked, for heads that classify tokens.
//!
//! `conll` reads a word and its tag per line; `spans` reads JSON Lines with a text and its spans, or with
//! words and their tags. `words` turns words into texts, by the rules of `scheme`. `read` makes a data set
//! of a file, `token_rows` the rows of its tokens.

mod conll;
mod read;
mod scheme;
mod spans;
mod text;
mod token_rows;
mod words;

pub use read::TaggedDataset;
pub use scheme::{EntityPlace, OUTSIDE, entity_places, is_token_label};
pub use text::TaggedText;
pub use token_rows::{TokenLabels, TokenRows, labels_of};

#[cfg(test)]
mod tests;
