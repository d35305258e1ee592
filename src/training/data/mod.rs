//! Labelled files: read, checked, and divided into parts.

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
pub use groups::strata;
pub use held_out::{HELD_OUT_RULE, is_held_out};
pub use layout::{Column, Layout};
pub use notes::Note;
pub use split::{Split, SplitError};
pub use targets::Targets;
pub use texts::read_texts;

#[cfg(test)]
mod tests;
