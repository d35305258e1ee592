//! From labels as they are written to what a head learns.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::dataset::Row;
use super::error::{Failure, Problem};
use super::held_out::is_held_out;
use super::layout::Column;
use super::notes::{Note, OfLabel};
use super::records::{Record, Written};
use super::targets::Targets;
use crate::model::checkpoint::ProblemType;

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

/// What `records` are labelled with, for a head of that problem. Labels that aren't among the `known`, or
/// where nothing is known those that can't be trained on, are left out and noted.
pub(super) fn label(
    records: Vec<Record>,
    problem: ProblemType,
    (column, known): (&Column, Option<&[String]>),
    notes: &mut Vec<Note>,
) -> Result<Labelled, Failure> {
    if problem == ProblemType::Regression {
        return numbers(records, column, known.is_some());
    }
    let one = problem == ProblemType::SingleLabelClassification;
    if let Some(record) = records.iter().find(|of| one && matches!(of.label, Written::List(_))) {
        return Err(list(record));
    }
    let (labels, left_out) = match known {
        Some(known) => (known.to_vec(), Note::UnknownLabels as fn(Vec<OfLabel>) -> Note),
        None => (trainable(&records, one), Note::RareLabels as fn(Vec<OfLabel>) -> Note),
    };
    let index: HashMap<&str, usize> = labels.iter().map(String::as_str).zip(0..).collect();
    let mut others: BTreeMap<&str, OfLabel> = BTreeMap::new();
    let mut rows = Vec::with_capacity(records.len());
    for record in &records {
        let (kept, lost): (Vec<_>, Vec<_>) =
            written(record).iter().partition(|label| index.contains_key(label.as_str()));
        for label in &lost {
            let of = others.entry(label).or_insert_with(|| OfLabel::new(label, record.line));
            of.rows += 1;
        }
        // Where several may hold, a row that is left without any still says that the others don't.
        if !one || !kept.is_empty() {
            let mut places: Vec<usize> =
                kept.into_iter().map(|label| index[label.as_str()]).collect();
            places.sort_unstable();
            places.dedup();
            rows.push((record, places));
        }
    }
    if !others.is_empty() {
        let mut others: Vec<OfLabel> = others.into_values().collect();
        others.sort_by_key(|of| of.line);
        notes.push(left_out(others));
    }
    let (kept, places): (Vec<&Record>, Vec<Vec<usize>>) = rows.into_iter().unzip();
    let targets = if one { Targets::One(places.concat()) } else { Targets::Several(places) };
    if kept.is_empty() || (known.is_none() && labels.len() < 1 + usize::from(one)) {
        let notes = notes.clone();
        return Err((
            None,
            match known {
                Some(_) => Problem::NothingToScore(notes),
                None => Problem::NothingToLearn { only: labels.into_iter().next(), notes },
            },
        ));
    }
    if known.is_none() {
        notes.extend(not_scored(&labels, &records));
    }
    Ok(Labelled { rows: kept.into_iter().map(row).collect(), targets, labels })
}

/// The labels of which no row is held out.
fn not_scored(labels: &[String], records: &[Record]) -> Option<Note> {
    let mut all: HashMap<&str, OfLabel> = HashMap::new();
    let mut scored: HashSet<&str> = HashSet::new();
    for record in records {
        for label in written(record) {
            let of = all.entry(label).or_insert_with(|| OfLabel::new(label, record.line));
            of.rows += 1;
            if is_held_out(&record.text) {
                scored.insert(label);
            }
        }
    }
    let missing = labels.iter().filter(|label| !scored.contains(label.as_str()));
    let missing: Vec<OfLabel> = missing.filter_map(|label| all.remove(label.as_str())).collect();
    (!missing.is_empty()).then_some(Note::NotScored(missing))
}

fn numbers(records: Vec<Record>, column: &Column, known: bool) -> Result<Labelled, Failure> {
    let mut numbers = Vec::with_capacity(records.len());
    for record in &records {
        let number = match &record.label {
            Written::One(label) => label.parse().ok().filter(|number: &f64| number.is_finite()),
            Written::List(_) | Written::Missing => None,
        };
        let refused = || Problem::NotANumber(written(record).join(", ")).at(record.line);
        numbers.push(number.ok_or_else(refused)?);
    }
    if !known && numbers.iter().all(|number| *number == numbers[0]) {
        return Err((None, Problem::OneNumber(numbers[0])));
    }
    let name = match column {
        Column::Name(name) => name.clone(),
        Column::Number(_) => "value".to_owned(),
    };
    let rows = records.iter().map(row).collect();
    Ok(Labelled { rows, targets: Targets::Number(numbers), labels: vec![name] })
}

fn row(record: &Record) -> Row {
    Row { text: record.text.clone(), line: record.line }
}

fn list(record: &Record) -> Failure {
    Problem::LabelList(written(record).to_vec()).at(record.line)
}

fn written(record: &Record) -> &[String] {
    match &record.label {
        Written::Missing => &[],
        Written::One(label) => std::slice::from_ref(label),
        Written::List(labels) => labels,
    }
}

/// The labels that two texts have that aren't held out, one to fit and one to choose settings by, and,
/// where it isn't one a row, that two lack; by number where all are integers, alphabetically otherwise.
fn trainable(records: &[Record], one: bool) -> Vec<String> {
    let mut texts: HashMap<&str, HashSet<&str>> = HashMap::new();
    let mut training: HashSet<&str> = HashSet::new();
    for record in records {
        if is_held_out(&record.text) {
            continue;
        }
        training.insert(&record.text);
        for label in written(record) {
            texts.entry(label).or_default().insert(&record.text);
        }
    }
    let enough = |of: &HashSet<&str>| of.len() >= 2 && (one || of.len() + 2 <= training.len());
    let labels = texts.into_iter().filter(|(_, of)| enough(of)).map(|(label, _)| label.to_owned());
    let mut labels: Vec<String> = labels.collect();
    labels.sort();
    let numbers: Result<Vec<i64>, _> = labels.iter().map(|label| label.parse()).collect();
    if numbers.is_ok() {
        labels.sort_by_key(|label| label.parse::<i64>().ok());
    }
    labels
}
