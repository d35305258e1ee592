//! What can be wrong with a labelled file.

use std::path::PathBuf;

use super::layout::Column;
use super::notes::Note;

/// What is wrong with which file, and on which line where one is to blame.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {problem}", .file.display(), .line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct DatasetError {
    /// As it was named.
    pub file: PathBuf,
    /// Counted from 1. A quoted field may span lines; then it is the one where its row begins.
    pub line: Option<u64>,
    /// What is wrong there.
    pub problem: Problem,
}

/// What nothing can be trained or scored with.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No such file, no permission, and the like.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// Another extension, or none.
    #[error("the name must end in .tsv, .csv, .jsonl or .ndjson, which says how to read it")]
    UnknownExtension,
    /// The first byte that can't be part of a character.
    #[error("not UTF-8 (byte {0:#04x}): save the file as UTF-8")]
    NotUtf8(u8),
    /// The CSV reader's own complaint.
    #[error("not valid CSV: {0}")]
    InvalidCsv(#[from] csv::Error),
    /// The rest of the file would be one field.
    #[error("a quote begins in this row and never ends")]
    OpenQuote,
    /// Not JSON, or JSON of another kind.
    #[error("not a JSON object: {0}")]
    InvalidJson(#[from] serde_json::Error),
    /// A separator too many or too few.
    #[error("{found} columns where the first line has {expected}")]
    Ragged {
        /// Columns on this line.
        found: usize,
        /// Columns on the first.
        expected: usize,
    },
    /// A name or a number that the first line, or the JSON object, doesn't have.
    #[error("no column {wanted:?}; there are {}", list(.there))]
    NoColumn {
        /// As it was named.
        wanted: String,
        /// The first line's fields, or the object's keys.
        there: Vec<String>,
    },
    /// A JSON value that is no text.
    #[error("the text in {column:?} is {found}; allowed is a string")]
    TextType {
        /// Its key.
        column: String,
        /// As JSON.
        found: String,
    },
    /// A JSON value that is no label.
    #[error(
        "the label in {column:?} is {found}; allowed are a string, an integer, true and false, or a \
         list of these where several may hold"
    )]
    LabelType {
        /// Its key.
        column: String,
        /// As JSON.
        found: String,
    },
    /// A list where there is to be one.
    #[error("the label is a list, {}; one is allowed", list(.0))]
    LabelList(Vec<String>),
    /// Something that isn't a number where a number is to be learnt.
    #[error("the label is {0:?}; a number is allowed")]
    NotANumber(String),
    /// Nothing, or white space, where all texts are wanted.
    #[error("the text is empty")]
    EmptyText,
    /// Nothing but blank lines, a header, and rows that were left out.
    #[error("no rows{}", if *.left_out == 0 { String::new() } else { format!(
        ": all {} lack a text or a label", .left_out) })]
    NoRows {
        /// Rows that lacked something.
        left_out: usize,
    },
    /// No labels to tell apart.
    #[error(
        "there is nothing to learn: {}{}",
        match .only {
            Some(only) => format!("{only:?} is the only label"),
            None => "there is no label".to_owned(),
        },
        all(.notes)
    )]
    NothingToLearn {
        /// The label that there is.
        only: Option<String>,
        /// What was left out.
        notes: Vec<Note>,
    },
    /// No labels of the head.
    #[error("no row has a label of the head{}", all(.0))]
    NothingToScore(Vec<Note>),
    /// Numbers that are all the same.
    #[error("every row has the number {0}; there is nothing to learn")]
    OneNumber(f64),
}

impl Problem {
    /// On a line, counted from 1.
    pub(super) fn at(self, line: u64) -> Failure {
        (Some(line), self)
    }
}

fn all(notes: &[Note]) -> String {
    notes.iter().map(|note| format!("; {note}")).collect()
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    quoted.join(", ")
}

/// A problem, and the line it is on where it is on one.
pub(super) type Failure = (Option<u64>, Problem);

pub(super) fn no_column(column: &Column, there: Vec<String>) -> Problem {
    Problem::NoColumn { wanted: column.to_string(), there }
}
