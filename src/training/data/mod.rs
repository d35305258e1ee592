//! Labelled files: read, checked, and divided into training, validation and held-out rows.
//!
//! `content` decodes a file, `tables` and `json_lines` find its columns, `records` reads the text
//! and the label of each line, `labels` turns labels into `targets`; `read` does all of it.
//! `groups` and `split` choose which rows are fitted and which are scored.

mod content;
mod dataset;
mod duplicates;
mod error;
mod groups;
mod held_out;
mod json_lines;
mod labels;
mod layout;
mod notes;
mod read;
mod records;
mod split;
mod tables;
mod targets;
mod texts;

pub use dataset::{Dataset, Row, Source};
pub use error::DatasetError;
pub use groups::stratify;
pub use held_out::{HELD_OUT_RULE, is_held_out};
pub use layout::{Column, Layout};
pub use notes::Note;
pub use split::{Split, SplitError};
pub use targets::Targets;
pub use texts::read_texts;

#[cfg(test)]
mod tests;
