//! A labelled file, read and checked: from bytes on disk to texts and what each is labelled with.

mod column;
mod labels;
mod notes;
mod problem;
mod records;
mod texts;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use column::{Column, InvalidColumn};
pub use notes::{Note, OfLabel};
pub use problem::{DatasetError, Problem};
pub use texts::read_texts;

use super::targets::Targets;
use crate::model::checkpoint::ProblemType;
use crate::model::checkpoint::fingerprint::sha256;
use labels::Labelled;
use records::{Failure, Format, Reading};

/// Rows in the order of the file, at least one.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// What there is to learn from.
    pub rows: Vec<Row>,
    /// What each row is labelled with. For training each label has at least two texts that aren't held
    /// out.
    pub targets: Targets,
    /// The labels, in the order of a head's logits: by number where all are integers and
    /// alphabetically otherwise. Of numbers the column's name alone.
    pub labels: Vec<String>,
    /// Where it came from.
    pub source: Source,
    /// What was odd about it, and what was done.
    pub notes: Vec<Note>,
}

/// A text without the white space around it, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What is classified.
    pub text: String,
    /// Where it stands in the file, counted from 1.
    pub line: u64,
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

/// What is read of a file.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The column of texts.
    pub text: Column,
    /// The column of labels.
    pub label: Column,
    /// What the labels are. If it isn't said, several a row where JSON has a list, else one.
    pub problem_type: Option<ProblemType>,
    /// What stands between the labels of a field of a table, where several may hold.
    pub separator: String,
}

impl Dataset {
    /// Reads a file by its extension: `.tsv` (tab-separated, no quoting: a `"` is text), `.csv`
    /// (RFC 4180), `.jsonl` or `.ndjson` (an object a line; a column is a key, also where it is
    /// digits). UTF-8 with or without a byte order mark, lines ending in LF or CRLF; blank lines
    /// are skipped. Rows without a text or a label and labels that too few texts have are left out, and
    /// [`Dataset::notes`] says so.
    ///
    /// The first line of a TSV or CSV file is a header if either column is given by name. Where
    /// both are numbers it is one if no other line has its label, which as a row it would need, or
    /// if it has no number where there are to be numbers. [`Source::header`] says what was decided.
    ///
    /// # Errors
    /// The first thing that is wrong with the file; nothing is guessed.
    pub fn read(file: &Path, layout: &Layout) -> Result<Self, DatasetError> {
        Self::checked(file, read(file, &Reading { layout, known: None }))
    }

    /// The same for rows that are to be scored by a head with these labels: some of the labels may be
    /// absent or rare, and others are left out. Where both columns are numbers, the first line is a
    /// header if its label isn't one of these.
    ///
    /// # Errors
    /// The first thing that is wrong with the file.
    pub fn read_as(file: &Path, layout: &Layout, known: &[String]) -> Result<Self, DatasetError> {
        Self::checked(file, read(file, &Reading { layout, known: Some(known) }))
    }

    fn checked(file: &Path, read: Result<Self, Failure>) -> Result<Self, DatasetError> {
        read.map_err(|(line, problem)| DatasetError { file: file.to_owned(), line, problem })
    }

    /// The rows of these numbers, in their order.
    #[must_use]
    pub fn of(&self, rows: &[usize]) -> Self {
        Self {
            rows: rows.iter().map(|&row| self.rows[row].clone()).collect(),
            targets: self.targets.of(rows),
            ..self.clone()
        }
    }

    /// What a head is asked for that learns this.
    pub fn problem_type(&self) -> ProblemType {
        self.targets.problem_type()
    }
}

fn read(file: &Path, reading: &Reading<'_>) -> Result<Dataset, Failure> {
    let Reading { layout, known } = reading;
    let format = Format::of(file).ok_or((None, Problem::UnknownExtension))?;
    let bytes = std::fs::read(file).map_err(|error| (None, error.into()))?;
    let (records, header) = reading.read(decode(&bytes)?, format)?;
    let mut notes = Vec::new();
    let records = labels::complete(records, &mut notes)?;
    let problem = layout.problem_type.unwrap_or_else(|| labels::problem_type(&records));
    let Labelled { rows, targets, labels } =
        labels::label(records, problem, (&layout.label, *known), &mut notes)?;
    notes.extend(notes::on_repeated(&rows, &targets));
    let source = Source {
        file: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: sha256(&bytes),
        header,
    };
    Ok(Dataset { rows, targets, labels, source, notes })
}

fn decode(bytes: &[u8]) -> Result<&str, Failure> {
    let content = std::str::from_utf8(bytes).map_err(|error| {
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count() as u64;
        Problem::NotUtf8(rest[0]).at(line)
    })?;
    Ok(content.strip_prefix('\u{feff}').unwrap_or(content))
}

#[cfg(test)]
mod tests;
