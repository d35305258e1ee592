//! A labelled file, read and checked: from bytes on disk to rows of a text and a label's index.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::records::{self, Failure, Format, Record};
use crate::model::checkpoint::fingerprint::sha256;

/// Rows in the order of the file. `labels` are sorted, by number where all are integers and
/// alphabetically otherwise; each has at least two rows, and there are at least two of them.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// What there is to learn from.
    pub rows: Vec<Row>,
    /// The classes, in the order of a head's logits.
    pub labels: Vec<String>,
    /// Where it came from.
    pub source: Source,
}

/// A text without the white space around it, never empty, and its place in [`Dataset::labels`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What is classified.
    pub text: String,
    /// As what.
    pub label: usize,
}

/// Which file the rows came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file's name without its folder.
    pub file: String,
    /// Of the whole file, in hexadecimal.
    pub sha256: String,
    /// Whether the first line was taken as a header and so is no row. See [`Dataset::read`].
    pub header: bool,
}

/// A column as the command line names it. Digits alone mean its place, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// As the header has it.
    Name(String),
    /// From the left.
    Number(NonZeroUsize),
}

impl FromStr for Column {
    type Err = InvalidColumn;

    fn from_str(written: &str) -> Result<Self, InvalidColumn> {
        if written.is_empty() {
            return Err(InvalidColumn(written.to_owned()));
        }
        if written.bytes().any(|byte| !byte.is_ascii_digit()) {
            return Ok(Self::Name(written.to_owned()));
        }
        let number = written.parse().map(Self::Number);
        number.map_err(|_| InvalidColumn(written.to_owned()))
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// Zero, or nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no column: give a name from the header, or a number from 1 on")]
pub struct InvalidColumn(String);

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

/// What can be wrong with a labelled file.
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
    #[error("the label in {column:?} is {found}; allowed are a string, an integer, true and false")]
    LabelType {
        /// Its key.
        column: String,
        /// As JSON.
        found: String,
    },
    /// Nothing, or white space.
    #[error("the text is empty")]
    EmptyText,
    /// Nothing, or white space.
    #[error("the label is empty")]
    EmptyLabel,
    /// Nothing but blank lines and a header.
    #[error("no rows")]
    NoRows,
    /// A label that the head to be scored doesn't have.
    #[error("the label is {found:?}; the head has {}", list(.known))]
    UnknownLabel {
        /// As written.
        found: String,
        /// The head's labels.
        known: Vec<String>,
    },
    /// Nothing to tell apart.
    #[error("every row has the label {0:?}; at least two labels are needed")]
    OneLabel(String),
    /// Nothing to learn the label from, or nothing to score it on.
    #[error("no other row has the label {0:?}; each label needs at least two")]
    RareLabel(String),
}

impl Problem {
    /// On a line, counted from 1.
    pub(super) fn at(self, line: u64) -> Failure {
        (Some(line), self)
    }
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    quoted.join(", ")
}

impl Dataset {
    /// Reads a file by its extension: `.tsv` (tab-separated, no quoting: a `"` is text), `.csv`
    /// (RFC 4180), `.jsonl` or `.ndjson` (an object a line; a column is a key, also where it is
    /// digits). UTF-8 with or without a byte order mark, lines ending in LF or CRLF; blank lines
    /// are skipped.
    ///
    /// The first line of a TSV or CSV file is a header if either column is given by name. Where
    /// both are numbers it is one if no other line has its label: as a row it would be refused,
    /// since each label needs two. [`Source::header`] says what was decided.
    ///
    /// # Errors
    /// The first thing that is wrong with the file; nothing is skipped or guessed.
    pub fn read(file: &Path, text: &Column, label: &Column) -> Result<Self, DatasetError> {
        Self::checked(file, read(file, text, label, None))
    }

    /// The same for rows that are to be scored by a head with these labels: some of the labels may be
    /// absent, and none need have two rows. Where both columns are numbers, the first line is a header
    /// if its label isn't one of these.
    ///
    /// # Errors
    /// The first thing that is wrong with the file, a label that isn't one of these included.
    pub fn read_as(
        file: &Path,
        text: &Column,
        label: &Column,
        known: &[String],
    ) -> Result<Self, DatasetError> {
        Self::checked(file, read(file, text, label, Some(known)))
    }

    fn checked(file: &Path, read: Result<Self, Failure>) -> Result<Self, DatasetError> {
        read.map_err(|(line, problem)| DatasetError { file: file.to_owned(), line, problem })
    }
}

fn read(
    file: &Path,
    text: &Column,
    label: &Column,
    known: Option<&[String]>,
) -> Result<Dataset, Failure> {
    let format = Format::of(file).ok_or((None, Problem::UnknownExtension))?;
    let bytes = std::fs::read(file).map_err(|error| (None, error.into()))?;
    let content = decode(&bytes)?;
    let (records, header) = records::read(content, format, (text, label), known)?;
    let labels = match known {
        Some(known) => checked_against(known, &records)?,
        None => labels(&records)?,
    };
    let index: BTreeMap<&str, usize> = labels.iter().map(String::as_str).zip(0..).collect();
    let rows = records
        .into_iter()
        .map(|record| Row { label: index[record.label.as_str()], text: record.text });
    let source = Source {
        file: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: sha256(&bytes),
        header,
    };
    Ok(Dataset { rows: rows.collect(), labels, source })
}

pub(super) fn decode(bytes: &[u8]) -> Result<&str, Failure> {
    let content = std::str::from_utf8(bytes).map_err(|error| {
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count() as u64;
        Problem::NotUtf8(rest[0]).at(line)
    })?;
    Ok(content.strip_prefix('\u{feff}').unwrap_or(content))
}

/// The head's labels, if the records have no others and there are any.
fn checked_against(known: &[String], records: &[Record]) -> Result<Vec<String>, Failure> {
    if records.is_empty() {
        return Err((None, Problem::NoRows));
    }
    match records.iter().find(|record| !known.contains(&record.label)) {
        Some(Record { line, label, .. }) => {
            let (found, known) = (label.clone(), known.to_vec());
            Err(Problem::UnknownLabel { found, known }.at(*line))
        }
        None => Ok(known.to_vec()),
    }
}

/// The labels there are, in their order.
fn labels(records: &[Record]) -> Result<Vec<String>, Failure> {
    // label → its rows and the line of the first
    let mut seen: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for record in records {
        seen.entry(&record.label).or_insert((0, record.line)).0 += 1;
    }
    if seen.len() < 2 {
        let only = seen.keys().next().map(|label| Problem::OneLabel((*label).to_owned()));
        return Err((None, only.unwrap_or(Problem::NoRows)));
    }
    if let Some((label, (_, line))) = seen.iter().find(|(_, (rows, _))| *rows < 2) {
        return Err(Problem::RareLabel((*label).to_owned()).at(*line));
    }
    let mut labels: Vec<String> = seen.keys().map(|label| (*label).to_owned()).collect();
    let numbers: Result<Vec<i64>, _> = labels.iter().map(|label| label.parse()).collect();
    if numbers.is_ok() {
        labels.sort_by_key(|label| label.parse::<i64>().ok());
    }
    Ok(labels)
}

#[cfg(test)]
mod tests;
