//! From labels as they are written to what a head learns.

use std::collections::BTreeMap;

use super::records::{Failure, Record, Written};
use super::{Column, Note, Problem, Row};
use crate::model::checkpoint::ProblemType;
use crate::training::targets::Targets;

/// Rows, what each is labelled with, and the labels.
pub(super) struct Labelled {
    pub rows: Vec<Row>,
    pub targets: Targets,
    pub labels: Vec<String>,
}

/// Records with a text and a label; the others are left out and noted.
pub(super) fn complete(
    records: Vec<Record>,
    notes: &mut Vec<Note>,
) -> Result<Vec<Record>, Failure> {
    let all = records.len();
    let (mut no_text, mut no_label, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for record in records {
        match record {
            Record { text, line, .. } if text.is_empty() => no_text.push(line),
            Record { label: Written::Missing, line, .. } => no_label.push(line),
            complete => kept.push(complete),
        }
    }
    if kept.is_empty() {
        return Err((None, Problem::NoRows { left_out: all }));
    }
    if !no_text.is_empty() {
        notes.push(Note::NoText(no_text));
    }
    if !no_label.is_empty() {
        notes.push(Note::NoLabel(no_label));
    }
    Ok(kept)
}

/// Several labels a row if any row has a list of them, else one.
pub(super) fn problem_type(records: &[Record]) -> ProblemType {
    if records.iter().any(|record| matches!(record.label, Written::List(_))) {
        ProblemType::MultiLabelClassification
    } else {
        ProblemType::SingleLabelClassification
    }
}

/// What `records` are labelled with, for a head of that problem. With `known` labels there may be no
/// others; otherwise those that too few rows have are left out and noted.
pub(super) fn label(
    records: Vec<Record>,
    problem: ProblemType,
    (column, known): (&Column, Option<&[String]>),
    notes: &mut Vec<Note>,
) -> Result<Labelled, Failure> {
    match problem {
        ProblemType::Regression => numbers(records, column),
        ProblemType::SingleLabelClassification => one(records, known, notes),
        ProblemType::MultiLabelClassification => several(records, known, notes),
    }
}

fn numbers(records: Vec<Record>, column: &Column) -> Result<Labelled, Failure> {
    let mut numbers = Vec::with_capacity(records.len());
    for record in &records {
        let Written::One(label) = &record.label else { return Err(list(record)) };
        let number = label.parse().ok().filter(|number: &f64| number.is_finite());
        numbers.push(number.ok_or_else(|| Problem::NotANumber(label.clone()).at(record.line))?);
    }
    let name = match column {
        Column::Name(name) => name.clone(),
        Column::Number(_) => "value".to_owned(),
    };
    let rows = records.into_iter().map(row).collect();
    Ok(Labelled { rows, targets: Targets::Number(numbers), labels: vec![name] })
}

fn row(record: Record) -> Row {
    Row { text: record.text, line: record.line }
}

fn list(record: &Record) -> Failure {
    Problem::LabelList(format!("{:?}", written(record))).at(record.line)
}

fn written(record: &Record) -> &[String] {
    match &record.label {
        Written::Missing => &[],
        Written::One(label) => std::slice::from_ref(label),
        Written::List(labels) => labels,
    }
}

fn one(
    mut records: Vec<Record>,
    known: Option<&[String]>,
    notes: &mut Vec<Note>,
) -> Result<Labelled, Failure> {
    if let Some(record) = records.iter().find(|of| matches!(of.label, Written::List(_))) {
        return Err(list(record));
    }
    let labels = match known {
        Some(known) => checked_against(known, &records)?,
        None => {
            let rare = left_out(&records, notes);
            records.retain(|record| !rare.contains(&written(record)[0]));
            let labels = sorted(&records);
            match labels.as_slice() {
                // Each label there was stood on one line.
                [] => return Err((None, Problem::NoLabels)),
                [only] => return Err((None, Problem::OneLabel(only.clone()))),
                _ => labels,
            }
        }
    };
    let index = index(&labels);
    let targets = records.iter().map(|record| index[written(record)[0].as_str()]).collect();
    Ok(Labelled {
        rows: records.into_iter().map(row).collect(),
        targets: Targets::One(targets),
        labels,
    })
}

fn several(
    records: Vec<Record>,
    known: Option<&[String]>,
    notes: &mut Vec<Note>,
) -> Result<Labelled, Failure> {
    let labels = match known {
        Some(known) => checked_against(known, &records)?,
        None => {
            let rare = left_out(&records, notes);
            let holds_in = |label: &String| {
                records.iter().filter(|record| written(record).contains(label)).count()
            };
            let mut labels = sorted(&records);
            labels.retain(|label| !rare.contains(label));
            labels.retain(|label| {
                let learnable = holds_in(label) + 2 <= records.len();
                if !learnable {
                    notes.push(Note::CommonLabel(label.clone()));
                }
                learnable
            });
            if labels.is_empty() {
                return Err((None, Problem::NoLabels));
            }
            labels
        }
    };
    let index = index(&labels);
    let places = |record: &Record| {
        let places = written(record).iter().filter_map(|label| index.get(label.as_str()).copied());
        let mut places: Vec<usize> = places.collect();
        places.sort_unstable();
        places.dedup();
        places
    };
    let targets = records.iter().map(places).collect();
    Ok(Labelled {
        rows: records.into_iter().map(row).collect(),
        targets: Targets::Several(targets),
        labels,
    })
}

fn index(labels: &[String]) -> BTreeMap<&str, usize> {
    labels.iter().map(String::as_str).zip(0..).collect()
}

/// The head's labels, if the records have no others.
fn checked_against(known: &[String], records: &[Record]) -> Result<Vec<String>, Failure> {
    let unknown = |record| written(record).iter().find(|&label| !known.contains(label));
    match records.iter().find_map(|record| Some((record.line, unknown(record)?))) {
        Some((line, label)) => {
            Err(Problem::UnknownLabel { found: label.clone(), known: known.to_vec() }.at(line))
        }
        None => Ok(known.to_vec()),
    }
}

/// The labels that a single row has, noted in the order of their lines.
fn left_out(records: &[Record], notes: &mut Vec<Note>) -> Vec<String> {
    let mut rows: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for record in records {
        for label in written(record) {
            let lines = rows.entry(label).or_default();
            // A list may name a label twice.
            if lines.last() != Some(&record.line) {
                lines.push(record.line);
            }
        }
    }
    let rare = rows.into_iter().filter(|(_, lines)| lines.len() == 1);
    let mut rare: Vec<(u64, String)> =
        rare.map(|(label, lines)| (lines[0], label.to_owned())).collect();
    rare.sort();
    for (line, label) in &rare {
        notes.push(Note::RareLabel { label: label.clone(), line: *line });
    }
    rare.into_iter().map(|(_, label)| label).collect()
}

/// The labels there are: by number where all are integers, alphabetically otherwise.
fn sorted(records: &[Record]) -> Vec<String> {
    let mut labels: Vec<String> = records.iter().flat_map(written).cloned().collect();
    labels.sort();
    labels.dedup();
    let numbers: Result<Vec<i64>, _> = labels.iter().map(|label| label.parse()).collect();
    if numbers.is_ok() {
        labels.sort_by_key(|label| label.parse::<i64>().ok());
    }
    labels
}
