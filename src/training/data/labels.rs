//! From labels as written in the file to the targets that a head learns.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::error::{DatasetErrorKind, LineError};
use super::grouping::Grouping;
use super::known_labels::KnownLabels;
use super::label_notes::{count_labels, label_notes};
use super::layout::{Column, Layout};
use super::notes::{LabelRows, Note};
use super::records::{Record, WrittenLabel};
use super::targets::Targets;
use crate::model::checkpoint::ProblemType;

/// The records that are used, their targets, and the names of the labels.
pub(super) struct Labelled {
    /// Indices of records.
    pub kept: Vec<usize>,
    pub targets: Targets,
    pub labels: Vec<String>,
}

/// The records that have their texts and a label. The others are left out and noted.
pub(super) fn keep_complete(
    records: Vec<Record>,
    notes: &mut Vec<Note>,
) -> Result<Vec<Record>, LineError> {
    let all = records.len();
    let (mut no_text, mut no_pair, mut no_label) = (Vec::new(), Vec::new(), Vec::new());
    let mut kept = Vec::new();
    for record in records {
        match record {
            Record { text, line, .. } if text.is_empty() => no_text.push(line),
            Record { pair: Some(pair), line, .. } if pair.is_empty() => no_pair.push(line),
            Record { label: WrittenLabel::Missing, line, .. } => no_label.push(line),
            complete => kept.push(complete),
        }
    }
    if kept.is_empty() {
        return Err(DatasetErrorKind::NoRows { left_out: all }.into());
    }
    for (lines, note) in
        [(no_text, Note::NoText as fn(_) -> _), (no_pair, Note::NoPair), (no_label, Note::NoLabel)]
    {
        notes.extend((!lines.is_empty()).then(|| note(lines)));
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

/// The targets of `records`. Labels that aren't `known`, or without `known` labels that are too rare to
/// train on, are noted, and left out unless they are to be scored.
pub(super) fn label(
    records: &[Record],
    grouping: &Grouping,
    layout: &Layout,
    known: Option<KnownLabels<'_>>,
    notes: &mut Vec<Note>,
) -> Result<Labelled, LineError> {
    let problem_type = layout.problem_type.unwrap_or_else(|| infer_problem_type(records));
    if problem_type == ProblemType::Regression {
        return numbers(records, &layout.label, known.is_some());
    }
    let single = problem_type == ProblemType::SingleLabelClassification;
    let is_list = |record: &&Record| matches!(record.label, WrittenLabel::List(_));
    if let Some(record) = records.iter().find(is_list).filter(|_| single) {
        let labels = record.label.names().to_vec();
        return Err(DatasetErrorKind::LabelList(labels).on_line(record.line));
    }
    if known.is_none() {
        // Whoever names the type knows what the labels are.
        let inferred = layout.problem_type.is_none();
        let found = label_notes(&count_labels(records), single, &layout.separator);
        let wanted = |note: &Note| inferred || !matches!(note, Note::NumericLabels(_));
        notes.extend(found.into_iter().filter(wanted));
    }
    let labels = match known {
        Some(known) => known.labels.to_vec(),
        None => trainable_labels(records, grouping, single),
    };
    let scores_unknown = known.is_some_and(|known| known.scores_others);
    let Kept { records: kept, labels: indices, unused } =
        keep(records, &labels, single, scores_unknown);
    if !unused.is_empty() {
        notes.push(match known {
            Some(_) => Note::UnknownLabels { labels: unused, scored: scores_unknown },
            None => Note::RareLabels(unused),
        });
    }
    let is_known = |row: &Vec<usize>| row.iter().all(|&label| label < labels.len());
    let any_known = indices.iter().any(is_known);
    let targets =
        if single { Targets::SingleLabel(indices.concat()) } else { Targets::MultiLabel(indices) };
    let notes_so_far = notes.clone();
    if known.is_some() && !any_known {
        return Err(DatasetErrorKind::NothingToScore(notes_so_far).into());
    }
    if known.is_none() {
        if kept.is_empty() || labels.len() < 1 + usize::from(single) {
            let only = labels.into_iter().next();
            return Err(DatasetErrorKind::NothingToLearn { only, notes: notes_so_far }.into());
        }
        notes.extend(not_scored(&labels, records, grouping).filter(|_| layout.hold_out));
    }
    Ok(Labelled { kept, targets, labels })
}

/// The records that are used, the indices of their labels, and the labels that have no index.
struct Kept {
    records: Vec<usize>,
    labels: Vec<Vec<usize>>,
    unused: Vec<LabelRows>,
}

/// With `scores_unknown`, a label that isn't in `labels` gets the index after the last.
fn keep(records: &[Record], labels: &[String], single: bool, scores_unknown: bool) -> Kept {
    let index: HashMap<&str, usize> = labels.iter().map(String::as_str).zip(0..).collect();
    let mut unused: BTreeMap<&str, LabelRows> = BTreeMap::new();
    let mut kept = Kept { records: vec![], labels: vec![], unused: vec![] };
    for (at, record) in records.iter().enumerate() {
        let mut indices = Vec::new();
        for label in record.label.names() {
            let known = index.get(label.as_str()).copied();
            if known.is_none() {
                let entry = unused.entry(label);
                entry.or_insert_with(|| LabelRows::new(label, record.line)).rows += 1;
            }
            indices.extend(known.or(scores_unknown.then_some(labels.len())));
        }
        // A multi-label row without a label is still evidence against every label.
        if !single || !indices.is_empty() {
            indices.sort_unstable();
            indices.dedup();
            kept.records.push(at);
            kept.labels.push(indices);
        }
    }
    kept.unused = unused.into_values().collect();
    kept.unused.sort_by_key(|label| label.line);
    kept
}

/// A note on the labels without a held-out row.
fn not_scored(labels: &[String], records: &[Record], grouping: &Grouping) -> Option<Note> {
    let held_out = records.iter().zip(&grouping.held_out).filter(|(_, held_out)| **held_out);
    let scored: HashSet<&String> = held_out.flat_map(|(record, _)| record.label.names()).collect();
    let used: HashSet<&String> = labels.iter().collect();
    let mut missing = count_labels(records);
    missing.retain(|rows| used.contains(&rows.label) && !scored.contains(&rows.label));
    (!missing.is_empty()).then_some(Note::NotScored(missing))
}

fn numbers(records: &[Record], column: &Column, for_head: bool) -> Result<Labelled, LineError> {
    let mut numbers = Vec::with_capacity(records.len());
    for record in records {
        let number = match &record.label {
            WrittenLabel::One(label) => label.parse().ok().filter(|n: &f64| n.is_finite()),
            WrittenLabel::List(_) | WrittenLabel::Missing => None,
        };
        let label = || record.label.names().join(", ");
        let not_a_number = || DatasetErrorKind::NotANumber(label()).on_line(record.line);
        numbers.push(number.ok_or_else(not_a_number)?);
    }
    if !for_head && numbers.iter().all(|number| *number == numbers[0]) {
        return Err(DatasetErrorKind::ConstantNumber(numbers[0]).into());
    }
    let name = match column {
        Column::Name(name) => name.clone(),
        Column::Number(_) => "value".to_owned(),
    };
    let kept = (0..records.len()).collect();
    let targets = Targets::Regression(numbers);
    Ok(Labelled { kept, targets, labels: vec![name] })
}

/// The labels that at least two groups for training have: one to fit, and one for the validation part.
/// In a multi-label problem at least two groups for training must also lack the label. They are in
/// numerical order if all are integers, otherwise in alphabetical order.
fn trainable_labels(records: &[Record], grouping: &Grouping, single: bool) -> Vec<String> {
    let mut with_label: HashMap<&str, HashSet<usize>> = HashMap::new();
    let mut training: HashSet<usize> = HashSet::new();
    for (at, record) in records.iter().enumerate().filter(|(at, _)| !grouping.held_out[*at]) {
        training.insert(grouping.groups[at]);
        for label in record.label.names() {
            with_label.entry(label).or_default().insert(grouping.groups[at]);
        }
    }
    let enough = |groups: &HashSet<usize>| {
        groups.len() >= 2 && (single || groups.len() + 2 <= training.len())
    };
    let labels = with_label.into_iter().filter(|(_, groups)| enough(groups));
    let mut labels: Vec<String> = labels.map(|(label, _)| label.to_owned()).collect();
    labels.sort();
    let numbers: Result<Vec<i64>, _> = labels.iter().map(|label| label.parse()).collect();
    if numbers.is_ok() {
        labels.sort_by_key(|label| label.parse::<i64>().ok());
    }
    labels
}
