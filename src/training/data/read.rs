//! From a file to a data set.

use std::path::Path;

use super::content::{decode, read_bytes};
use super::dataset::{Dataset, Row, Source};
use super::duplicates::duplicate_notes;
use super::error::{DatasetError, LineError};
use super::grouping::{Grouping, SeenTokens};
use super::known_labels::KnownLabels;
use super::labels::{self, Labelled};
use super::layout::Layout;
use super::records::{RecordReader, Records};
use crate::model::checkpoint::fingerprint::sha256;

impl Dataset {
    /// Reads a file by its extension: `.tsv` (tab-separated; a `"` is text, unless the file is written
    /// as pandas writes it), `.csv` (RFC 4180; the delimiter is detected), `.jsonl` or `.ndjson` (one
    /// object per line; a column is a key, even if it is digits). The file is UTF-8 with or without a
    /// byte order mark, and lines end in LF or CRLF. Blank lines are skipped. Rows without a text or a
    /// label and labels with too few texts are left out; [`Dataset::notes`] lists them.
    ///
    /// The first line of a TSV or CSV file is a header if any column is given by name. If all are
    /// numbers, it is a header if its label occurs on no other line (a row needs a label that does),
    /// or, in a regression, if its label isn't a number. `Source::header` says what was decided.
    ///
    /// Rows are a group if their texts are alike but for case, spaces and Unicode form, if they are the
    /// same by `seen`, or by the layout's column.
    ///
    /// # Errors
    /// The first error in the file.
    pub fn read(file: &Path, layout: &Layout, seen: &SeenTokens<'_>) -> Result<Self, DatasetError> {
        read(file, &RecordReader { layout, known_labels: None }, seen)
            .map_err(|error| error.in_file(file))
    }

    /// Like [`Dataset::read`], for rows that a head with these labels will be scored on. Labels of
    /// the head may be absent or rare. If all columns are numbers, the
    /// first line is a header if its label isn't one of the head's.
    ///
    /// # Errors
    /// The first error in the file.
    pub fn read_for_head(
        file: &Path,
        layout: &Layout,
        labels: KnownLabels<'_>,
        seen: &SeenTokens<'_>,
    ) -> Result<Self, DatasetError> {
        read(file, &RecordReader { layout, known_labels: Some(labels) }, seen)
            .map_err(|error| error.in_file(file))
    }
}

fn read(
    file: &Path,
    reader: &RecordReader<'_>,
    seen: &SeenTokens<'_>,
) -> Result<Dataset, LineError> {
    let RecordReader { layout, known_labels } = reader;
    let (format, bytes) = read_bytes(file)?;
    let Records { records, header, mut notes } = reader.read(decode(&bytes)?, format)?;
    let records = labels::keep_complete(records, &mut notes)?;
    let grouping = Grouping::new(&records, seen, layout.hold_out);
    let Labelled { kept, targets, labels } =
        labels::label(&records, &grouping, layout, *known_labels, &mut notes)?;
    let alike: Vec<usize> = kept.iter().map(|&at| grouping.alike[at]).collect();
    let mut records: Vec<_> = records.into_iter().map(Some).collect();
    let row = |at: usize| {
        let record = records[at].take()?;
        let (group, held_out) = (grouping.groups[at], grouping.held_out[at]);
        Some(Row { text: record.text, pair: record.pair, line: record.line, group, held_out })
    };
    let rows: Vec<Row> = kept.into_iter().filter_map(row).collect();
    notes.extend(duplicate_notes(&rows, &targets, &alike));
    let source = Source {
        file: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: sha256(&bytes),
        header,
    };
    Ok(Dataset { rows, targets, labels, source, test: None, notes })
}
