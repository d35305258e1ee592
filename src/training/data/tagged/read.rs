//! From a file to texts that are grouped and divided.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::text::{Span, TaggedText};
use super::{conll, spans};
use crate::model::checkpoint::fingerprint::sha256;
use crate::training::data::content::decode;
use crate::training::data::dataset::{Dataset, Row, Source};
use crate::training::data::duplicates::duplicate_notes;
use crate::training::data::error::{DatasetError, DatasetErrorKind, LineError};
use crate::training::data::grouping::{Grouping, SeenTokens};
use crate::training::data::label_notes::{count_labels, label_notes};
use crate::training::data::layout::Layout;
use crate::training::data::notes::Note;
use crate::training::data::records::{Record, WrittenLabel};
use crate::training::data::targets::Targets;

/// Texts in the order of the file, and the entities of each.
#[derive(Debug, Clone)]
pub struct TaggedDataset {
    /// The texts. Their labels are those of their entities.
    pub texts: Dataset,
    /// The marked texts, one per row.
    pub marked: Vec<TaggedText>,
}

impl TaggedDataset {
    /// Reads a file by its extension: `.conll`, `.conllu`, `.bio`, `.iob`, `.iob2`, `.bioes`, `.tsv` and
    /// `.txt` have a word and its tag per line and a blank line after each text; `.jsonl` and `.ndjson`
    /// have an object per line with a text and the spans of its entities. Blank texts and those without
    /// spans, not even an empty list, are left out; the notes of the texts list them.
    ///
    /// Texts are a group, and held out, as in [`Dataset::read`].
    ///
    /// # Errors
    /// The first error in the file.
    pub fn read(file: &Path, layout: &Layout, seen: &SeenTokens<'_>) -> Result<Self, DatasetError> {
        read(file, layout, seen).map_err(|error| error.in_file(file))
    }

    /// These texts for training, and those of a file of its own held out.
    #[must_use]
    pub fn with_test(self, test: Self, seen: &SeenTokens<'_>) -> Self {
        let marked = [self.marked, test.marked].concat();
        let labels = labels(&marked);
        // Both count by their own labels.
        let texts = self.texts.with_test(test.texts, seen);
        let targets = targets(&marked, &labels);
        Self { texts: Dataset { labels, targets, ..texts }, marked }
    }

    /// The texts of a held-out group.
    #[must_use]
    pub fn held_out(&self) -> Self {
        let rows: Vec<usize> =
            (0..self.marked.len()).filter(|&row| self.texts.rows[row].held_out).collect();
        let marked = rows.iter().map(|&row| self.marked[row].clone()).collect();
        Self { texts: self.texts.select(&rows), marked }
    }
}

fn read(file: &Path, layout: &Layout, seen: &SeenTokens<'_>) -> Result<TaggedDataset, LineError> {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let words = match extension.to_ascii_lowercase().as_str() {
        "conll" | "conllu" | "bio" | "iob" | "iob2" | "bioes" | "tsv" | "txt" => true,
        "jsonl" | "ndjson" => false,
        _ => return Err(DatasetErrorKind::UnknownTaggedExtension.into()),
    };
    if layout.delimiter.is_some() {
        return Err(DatasetErrorKind::DelimiterInTagged.into());
    }
    let bytes = fs::read(file).map_err(DatasetErrorKind::Unreadable)?;
    let content = decode(&bytes)?;
    let (marked, unlabelled) = if words {
        (conll::read(content, layout)?, Vec::new())
    } else {
        let spans::SpanFile { texts, unlabelled } = spans::read(content, layout)?;
        (texts, unlabelled)
    };
    let source = Source {
        file: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: sha256(&bytes),
        header: false,
    };
    assemble(marked, unlabelled, source, layout.hold_out, seen)
}

fn assemble(
    marked: Vec<TaggedText>,
    unlabelled: Vec<u64>,
    source: Source,
    hold_out: bool,
    seen: &SeenTokens<'_>,
) -> Result<TaggedDataset, LineError> {
    let (marked, blank): (Vec<_>, Vec<_>) =
        marked.into_iter().partition(|text| !text.text.trim().is_empty());
    let left_out = blank.len() + unlabelled.len();
    if marked.is_empty() {
        return Err(DatasetErrorKind::NoRows { left_out }.into());
    }
    let blank: Vec<u64> = blank.iter().map(|text| text.line).collect();
    let mut notes = Vec::new();
    notes.extend((!blank.is_empty()).then_some(Note::NoText(blank)));
    notes.extend((!unlabelled.is_empty()).then_some(Note::NoLabel(unlabelled)));
    let record = |text: &TaggedText| Record {
        line: text.line,
        text: text.text.clone(),
        pair: None,
        label: WrittenLabel::List(span_labels(text).cloned().collect()),
        group: text.group.clone(),
    };
    let records: Vec<Record> = marked.iter().map(record).collect();
    let alike = label_notes(&count_labels(&records), false, "");
    notes.extend(alike.into_iter().filter(|note| matches!(note, Note::AlikeLabels(_))));
    let grouping = Grouping::new(&records, seen, hold_out);
    let row = |(at, record): (usize, Record)| Row {
        text: record.text,
        pair: None,
        line: record.line,
        group: grouping.groups[at],
        held_out: grouping.held_out[at],
    };
    let rows: Vec<Row> = records.into_iter().enumerate().map(row).collect();
    let labels = labels(&marked);
    let targets = targets(&marked, &labels);
    notes.extend(duplicate_notes(&rows, &targets, &grouping.alike));
    let texts = Dataset { rows, targets, labels, source, test: None, notes };
    Ok(TaggedDataset { texts, marked })
}

fn span_labels(text: &TaggedText) -> impl Iterator<Item = &String> {
    text.spans.iter().map(|span: &Span| &span.label)
}

/// The labels of all entities, in alphabetical order.
fn labels(marked: &[TaggedText]) -> Vec<String> {
    let labels: BTreeSet<&String> = marked.iter().flat_map(span_labels).collect();
    labels.into_iter().cloned().collect()
}

/// The labels of the entities of each text, of some in alphabetical order.
fn targets(marked: &[TaggedText], labels: &[String]) -> Targets {
    let index = |label: &String| labels.binary_search(label).ok();
    let of_text = |text: &TaggedText| {
        let labels: BTreeSet<usize> = span_labels(text).filter_map(index).collect();
        labels.into_iter().collect()
    };
    Targets::MultiLabel(marked.iter().map(of_text).collect())
}
