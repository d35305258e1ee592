//! A labelled file, read and checked: from bytes on disk to texts and what each is labelled with.

use std::path::Path;

use super::content::{Format, decode};
use super::dataset::{Dataset, Source};
use super::duplicates::on_repeated;
use super::error::{DatasetError, Failure, Problem};
use super::labels;
use super::labels::Labelled;
use super::layout::Layout;
use super::records::Reading;
use crate::model::checkpoint::fingerprint::sha256;

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
    notes.extend(on_repeated(&rows, &targets));
    let source = Source {
        file: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: sha256(&bytes),
        header,
    };
    Ok(Dataset { rows, targets, labels, source, notes })
}
