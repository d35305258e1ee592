//! What can be wrong with a labelled file.

use std::path::{Path, PathBuf};

use super::layout::Column;
use super::notes::Note;

/// An error in a file, with the line if the error is on one line.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {kind}", .file.display(), .line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct DatasetError {
    /// The path as it was given.
    pub file: PathBuf,
    /// Counted from 1. For a row that spans several lines it is the first of them.
    pub line: Option<u64>,
    /// What is wrong.
    pub kind: DatasetErrorKind,
}

/// Why a file can't be used for training or scoring.
#[derive(Debug, thiserror::Error)]
pub enum DatasetErrorKind {
    /// The file doesn't exist, isn't readable, and the like.
    #[error("cannot be read: {0}; name a file that exists and that this user may read")]
    Unreadable(#[from] std::io::Error),
    /// Another extension, or none.
    #[error("the name must end in .tsv, .csv, .jsonl or .ndjson, which says how to read it")]
    UnknownExtension,
    /// The first byte that can't be part of a character.
    #[error("not UTF-8 (byte {0:#04x}): save the file as UTF-8")]
    NotUtf8(u8),
    /// An error of the CSV reader.
    #[error("not valid CSV: {0}")]
    InvalidCsv(#[from] csv::Error),
    /// A quote without an end. The rest of the file would be one field.
    #[error(
        "a quote begins in this row and never ends: close it, and double the quotes inside a field"
    )]
    OpenQuote,
    /// Not JSON, or JSON that isn't an object.
    #[error("not a JSON object: {0}; each line must be one")]
    InvalidJson(#[from] serde_json::Error),
    /// A line with another number of columns than the first line.
    #[error(
        "{found} columns where the first line has {expected}; all lines must have the same number"
    )]
    Ragged {
        /// Columns on this line.
        found: usize,
        /// Columns on the first line.
        expected: usize,
    },
    /// A column that neither the first line nor the JSON object has.
    #[error("no column {wanted:?}; there are {}", quote(.available))]
    NoColumn {
        /// The column as it was given.
        wanted: String,
        /// The fields of the first line, or the keys of the object.
        available: Vec<String>,
    },
    /// A JSON value that isn't a text.
    #[error("the text in {column:?} is {found}; it must be a string")]
    TextType {
        /// Its key.
        column: String,
        /// The value as JSON.
        found: String,
    },
    /// A JSON value that can't be a label.
    #[error(
        "the label in {column:?} is {found}; it must be a string, an integer, true or false, or a list of \
         these for several labels"
    )]
    LabelType {
        /// Its key.
        column: String,
        /// The value as JSON.
        found: String,
    },
    /// A list of labels in a single-label problem.
    #[error("the label is a list, {}; only one label is allowed, except in a multi-label problem", quote(.0))]
    LabelList(Vec<String>),
    /// A label of a regression that isn't a finite number.
    #[error("the label is {0:?}; it must be a number")]
    NotANumber(String),
    /// A blank text where every text is needed.
    #[error("the text is empty; every row needs one")]
    EmptyText,
    /// Only blank lines, a header, and rows that were left out.
    #[error("no rows{}; at least one is needed", if *.left_out == 0 { String::new() } else { format!(
        ": all {} lack a text or a label", .left_out) })]
    NoRows {
        /// Rows without a text or without a label.
        left_out: usize,
    },
    /// Too few labels to learn to distinguish them.
    #[error(
        "there is nothing to learn without two labels: {}{}",
        match .only {
            Some(only) => format!("{only:?} is the only label"),
            None => "there is no label".to_owned(),
        },
        join(.notes)
    )]
    NothingToLearn {
        /// The only label, if there is one.
        only: Option<String>,
        /// What was left out.
        notes: Vec<Note>,
    },
    /// No row has a label of the head.
    #[error("no row has a label of the head: check the column of the labels{}", join(.0))]
    NothingToScore(Vec<Note>),
    /// All numbers are equal.
    #[error("every row has the number {0}; there is nothing to learn unless the numbers differ")]
    ConstantNumber(f64),
}

/// An error without the file's name.
#[derive(Debug)]
pub(super) struct LineError {
    pub line: Option<u64>,
    pub kind: DatasetErrorKind,
}

impl LineError {
    pub fn in_file(self, file: &Path) -> DatasetError {
        DatasetError { file: file.to_owned(), line: self.line, kind: self.kind }
    }
}

impl From<DatasetErrorKind> for LineError {
    /// An error of the file as a whole.
    fn from(kind: DatasetErrorKind) -> Self {
        Self { line: None, kind }
    }
}

impl DatasetErrorKind {
    /// The error on a line, counted from 1.
    pub(super) fn on_line(self, line: u64) -> LineError {
        LineError { line: Some(line), kind: self }
    }

    pub(super) fn no_column(column: &Column, available: Vec<String>) -> Self {
        Self::NoColumn { wanted: column.to_string(), available }
    }
}

fn join(notes: &[Note]) -> String {
    notes.iter().map(|note| format!("; {note}")).collect()
}

fn quote(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    quoted.join(", ")
}
