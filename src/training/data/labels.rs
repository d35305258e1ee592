//! From labels as written in the file to the targets that a head learns.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::dataset::Row;
use super::error::{DatasetErrorKind, LineError};
use super::held_out::is_held_out;
use super::layout::Column;
use super::notes::{LabelRows, Note};
use super::records::{Record, WrittenLabel};
use super::targets::Targets;
use crate::model::checkpoint::ProblemType;

/// Rows, their targets, and the names of the labels.
pub(super) struct LabelledRows {
    pub rows: Vec<Row>,
    pub targets: Targets,
    pub labels: Vec<String>,
}

/// The records that have a text and a label. The others are left out and noted.
pub(super) fn keep_complete(
    records: Vec<Record>,
    notes: &mut Vec<Note>,
) -> Result<Vec<Record>, LineError> {
    let all = records.len();
    let (mut no_text, mut no_label, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for record in records {
        match record {
            Record { text, line, .. } if text.is_empty() => no_text.push(line),
            Record { label: WrittenLabel::Missing, line, .. } => no_label.push(line),
            complete => kept.push(complete),
        }
    }
    if kept.is_empty() {
        return Err(DatasetErrorKind::NoRows { left_out: all }.into());
    }
    if !no_text.is_empty() {
        notes.push(Note::NoText(no_text));
    }
    if !no_label.is_empty() {
        notes.push(Note::NoLabel(no_label));
    }
    Ok(kept)
}

/// Multi-label if any record has a list of labels, otherwise single-label.
pub(super) fn infer_problem_type(records: &[Record]) -> ProblemType {
    if records.iter().any(|record| matches!(record.label, WrittenLabel::List(_))) {
        ProblemType::MultiLabelClassification
    } else {
        ProblemType::SingleLabelClassification
    }
}

/// The targets of `records`. Labels that aren't in `known`, or without `known` labels that are too
/// rare to train on, are left out and noted.
pub(super) fn label(
    records: &[Record],
    problem_type: ProblemType,
    column: &Column,
    known: Option<&[String]>,
    notes: &mut Vec<Note>,
) -> Result<LabelledRows, LineError> {
    if problem_type == ProblemType::Regression {
        return numbers(records, column, known.is_some());
    }
    let single = problem_type == ProblemType::SingleLabelClassification;
    let is_list = |record: &&Record| matches!(record.label, WrittenLabel::List(_));
    if let Some(record) = records.iter().find(is_list).filter(|_| single) {
        return Err(DatasetErrorKind::LabelList(written(record).to_vec()).on_line(record.line));
    }
    let labels = known.map_or_else(|| trainable_labels(records, single), <[String]>::to_vec);
    let Kept { records: kept, labels: indices, left_out } = keep(records, &labels, single);
    if !left_out.is_empty() {
        let note = if known.is_some() { Note::UnknownLabels } else { Note::RareLabels };
        notes.push(note(left_out));
    }
    let targets =
        if single { Targets::SingleLabel(indices.concat()) } else { Targets::MultiLabel(indices) };
    let notes_so_far = notes.clone();
    if known.is_some() && kept.is_empty() {
        return Err(DatasetErrorKind::NothingToScore(notes_so_far).into());
    }
    if known.is_none() {
        if kept.is_empty() || labels.len() < 1 + usize::from(single) {
            let only = labels.into_iter().next();
            return Err(DatasetErrorKind::NothingToLearn { only, notes: notes_so_far }.into());
        }
        notes.extend(not_scored(&labels, records));
    }
    Ok(LabelledRows { rows: kept.into_iter().map(row).collect(), targets, labels })
}

/// The records that are used, the indices of their labels, and the labels that aren't used.
struct Kept<'r> {
    records: Vec<&'r Record>,
    labels: Vec<Vec<usize>>,
    left_out: Vec<LabelRows>,
}

fn keep<'r>(records: &'r [Record], labels: &[String], single: bool) -> Kept<'r> {
    let index: HashMap<&str, usize> = labels.iter().map(String::as_str).zip(0..).collect();
    let mut left_out: BTreeMap<&str, LabelRows> = BTreeMap::new();
    let mut kept = Kept { records: Vec::new(), labels: Vec::new(), left_out: Vec::new() };
    for record in records {
        let (used, unused): (Vec<_>, Vec<_>) =
            written(record).iter().partition(|label| index.contains_key(label.as_str()));
        for label in &unused {
            let entry = left_out.entry(label);
            entry.or_insert_with(|| LabelRows::new(label, record.line)).rows += 1;
        }
        // A multi-label row without a label is still evidence against every label.
        if !single || !used.is_empty() {
            let mut indices: Vec<usize> =
                used.into_iter().map(|label| index[label.as_str()]).collect();
            indices.sort_unstable();
            indices.dedup();
            kept.records.push(record);
            kept.labels.push(indices);
        }
    }
    kept.left_out = left_out.into_values().collect();
    kept.left_out.sort_by_key(|label| label.line);
    kept
}

/// A note on the labels without a held-out row.
fn not_scored(labels: &[String], records: &[Record]) -> Option<Note> {
    let mut all: HashMap<&str, LabelRows> = HashMap::new();
    let mut scored: HashSet<&str> = HashSet::new();
    for record in records {
        for label in written(record) {
            let entry = all.entry(label);
            entry.or_insert_with(|| LabelRows::new(label, record.line)).rows += 1;
            if is_held_out(&record.text) {
                scored.insert(label);
            }
        }
    }
    let missing = labels.iter().filter(|label| !scored.contains(label.as_str()));
    let missing: Vec<LabelRows> = missing.filter_map(|label| all.remove(label.as_str())).collect();
    (!missing.is_empty()).then_some(Note::NotScored(missing))
}

fn numbers(records: &[Record], column: &Column, for_head: bool) -> Result<LabelledRows, LineError> {
    let mut numbers = Vec::with_capacity(records.len());
    for record in records {
        let number = match &record.label {
            WrittenLabel::One(label) => label.parse().ok().filter(|n: &f64| n.is_finite()),
            WrittenLabel::List(_) | WrittenLabel::Missing => None,
        };
        let not_a_number =
            || DatasetErrorKind::NotANumber(written(record).join(", ")).on_line(record.line);
        numbers.push(number.ok_or_else(not_a_number)?);
    }
    if !for_head && numbers.iter().all(|number| *number == numbers[0]) {
        return Err(DatasetErrorKind::ConstantNumber(numbers[0]).into());
    }
    let name = match column {
        Column::Name(name) => name.clone(),
        Column::Number(_) => "value".to_owned(),
    };
    let rows = records.iter().map(row).collect();
    Ok(LabelledRows { rows, targets: Targets::Regression(numbers), labels: vec![name] })
}

fn row(record: &Record) -> Row {
    Row { text: record.text.clone(), line: record.line }
}

fn written(record: &Record) -> &[String] {
    match &record.label {
        WrittenLabel::Missing => &[],
        WrittenLabel::One(label) => std::slice::from_ref(label),
        WrittenLabel::List(labels) => labels,
    }
}

/// The labels that at least two training texts have: one to fit, and one for the validation part.
/// In a multi-label problem at least two training texts must also lack the label. They are in
/// numerical order if all are integers, otherwise in alphabetical order.
fn trainable_labels(records: &[Record], single: bool) -> Vec<String> {
    let mut texts: HashMap<&str, HashSet<&str>> = HashMap::new();
    let mut training: HashSet<&str> = HashSet::new();
    for record in records.iter().filter(|record| !is_held_out(&record.text)) {
        training.insert(&record.text);
        for label in written(record) {
            texts.entry(label).or_default().insert(&record.text);
        }
    }
    let enough =
        |texts: &HashSet<&str>| texts.len() >= 2 && (single || texts.len() + 2 <= training.len());
    let labels = texts.into_iter().filter(|(_, texts)| enough(texts));
    let mut labels: Vec<String> = labels.map(|(label, _)| label.to_owned()).collect();
    labels.sort();
    let numbers: Result<Vec<i64>, _> = labels.iter().map(|label| label.parse()).collect();
    if numbers.is_ok() {
        labels.sort_by_key(|label| label.parse::<i64>().ok());
    }
    labels
}
