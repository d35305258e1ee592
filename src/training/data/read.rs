//! From a file to a data set.

use std::path::Path;

use super::content::{decode, read_bytes};
use super::dataset::{Dataset, Source};
use super::duplicates::duplicate_notes;
use super::error::{DatasetError, LineError};
use super::labels::{self, LabelledRows};
use super::layout::Layout;
use super::records::RecordReader;
use crate::model::checkpoint::fingerprint::sha256;

impl Dataset {
    /// Reads a file by its extension: `.tsv` (tab-separated, without quoting: a `"` is text),
    /// `.csv` (RFC 4180), `.jsonl` or `.ndjson` (one object per line; a column is a key, even if it
    /// is digits). The file is UTF-8 with or without a byte order mark, and lines end in LF or
    /// CRLF. Blank lines are skipped. Rows without a text or a label and labels with too few texts
    /// are left out; [`Dataset::notes`] lists them.
    ///
    /// The first line of a TSV or CSV file is a header if either column is given by name. If both
    /// are numbers, it is a header if its label occurs on no other line (a row needs a label that
    /// does), or, in a regression, if its label isn't a number. `Source::header` says what was
    /// decided.
    ///
    /// # Errors
    /// The first error in the file.
    pub fn read(file: &Path, layout: &Layout) -> Result<Self, DatasetError> {
        read(file, &RecordReader { layout, known_labels: None })
            .map_err(|error| error.in_file(file))
    }

    /// Like [`Dataset::read`], for rows that a head with these labels will be scored on. Labels of
    /// the head may be absent or rare, and other labels are left out. If both columns are numbers,
    /// the first line is a header if its label isn't one of the head's.
    ///
    /// # Errors
    /// The first error in the file.
    pub fn read_for_head(
        file: &Path,
        layout: &Layout,
        labels: &[String],
    ) -> Result<Self, DatasetError> {
        read(file, &RecordReader { layout, known_labels: Some(labels) })
            .map_err(|error| error.in_file(file))
    }
}

fn read(file: &Path, reader: &RecordReader<'_>) -> Result<Dataset, LineError> {
    let RecordReader { layout, known_labels } = reader;
    let (format, bytes) = read_bytes(file)?;
    let (records, header) = reader.read(decode(&bytes)?, format)?;
    let mut notes = Vec::new();
    let records = labels::keep_complete(records, &mut notes)?;
    let problem_type = layout.problem_type.unwrap_or_else(|| labels::infer_problem_type(&records));
    let LabelledRows { rows, targets, labels } =
        labels::label(&records, problem_type, &layout.label, *known_labels, &mut notes)?;
    notes.extend(duplicate_notes(&rows, &targets));
    let source = Source {
        file: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: sha256(&bytes),
        header,
    };
    Ok(Dataset { rows, targets, labels, source, notes })
}
