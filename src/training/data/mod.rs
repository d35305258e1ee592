//! Labelled files: read, checked, and divided into training, validation and held-out rows.
//!
//! `content` decodes a file, `tables` (by `quoted` and `delimiter`) and `json_lines` find its columns,
//! `records` and `object_records` read the texts and the label of each line, `grouping` finds which rows belong together,
//! `labels` turns labels into `targets`, `label_notes` says what looks odd about them; `read` does all
//! of it. `groups`, `split` and `folds` choose which rows are fitted and which are scored; `test_rows` adds rows to
//! score from a file of their own. `tagged` reads texts whose entities are marked.

mod alike;
mod content;
mod dataset;
mod delimiter;
mod duplicates;
mod error;
mod folds;
mod grouping;
mod groups;
mod held_out;
mod json_lines;
mod known_labels;
mod label_list;
mod label_notes;
mod labels;
mod layout;
mod notes;
mod object_records;
mod quoted;
mod read;
mod records;
mod split;
mod tables;
mod tagged;
mod targets;
mod test_rows;
mod texts;

pub use dataset::{Dataset, Row, Source};
pub use delimiter::parse_delimiter;
pub use error::DatasetError;
pub use folds::Folds;
pub use grouping::SeenTokens;
pub use groups::stratify;
pub use held_out::{HELD_OUT_RULE, is_held_out};
pub use known_labels::KnownLabels;
pub use layout::{Column, Layout};
pub use notes::Note;
pub use split::{Split, SplitError};
pub use tagged::{
    EntityPlace, OUTSIDE, TaggedDataset, TaggedText, TokenLabels, TokenRows, entity_places,
    is_token_label, labels_of,
};
pub use targets::Targets;
pub use texts::read_texts;

#[cfg(test)]
mod tests;
