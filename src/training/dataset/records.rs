//! TSV, CSV and JSON Lines: from a file's content to the text and the label on each line.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Column, Layout, Problem};
use crate::model::checkpoint::ProblemType;

/// A problem, and the line it is on where it is on one.
pub(super) type Failure = (Option<u64>, Problem);

#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    Tsv,
    Csv,
    JsonLines,
}

impl Format {
    pub(super) fn of(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "tsv" => Some(Self::Tsv),
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// What is on one line, counted from 1. The text is trimmed and may be empty.
pub(super) struct Record {
    pub line: u64,
    pub text: String,
    pub label: Written,
}

/// A label as it is written: trimmed, and not empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Written {
    /// Nothing.
    Missing,
    /// One.
    One(String),
    /// Any number of them.
    List(Vec<String>),
}

impl Written {
    fn one(label: &str) -> Self {
        match label.trim() {
            "" => Self::Missing,
            label => Self::One(label.to_owned()),
        }
    }
}

/// A line of a table: its number and its fields.
type Line = (u64, Vec<String>);

/// How the labels of a file are read.
pub(super) struct Reading<'a> {
    pub layout: &'a Layout,
    /// The labels that there may be, where that is known.
    pub known: Option<&'a [String]>,
}

impl Reading<'_> {
    /// The records, and whether the first line was a header.
    pub(super) fn read(
        &self,
        content: &str,
        format: Format,
    ) -> Result<(Vec<Record>, bool), Failure> {
        match format {
            Format::Tsv => self.table(&tsv(content)),
            Format::Csv => self.table(&csv(content)?),
            Format::JsonLines => {
                let records = lines_of(content).map(|(line, object)| {
                    self.object(line, object).map_err(|problem| problem.at(line))
                });
                Ok((records.collect::<Result<_, _>>()?, false))
            }
        }
    }

    fn table(&self, lines: &[Line]) -> Result<(Vec<Record>, bool), Failure> {
        let Layout { text, label, .. } = self.layout;
        let (text_at, label_at) = (column_in(lines, text)?, column_in(lines, label)?);
        let named = matches!((text, label), (Column::Name(_), _) | (_, Column::Name(_)));
        let header = named || self.is_header(lines, label_at);
        let record = |(line, fields): &Line| Record {
            line: *line,
            text: fields[text_at].trim().to_owned(),
            label: self.written(&fields[label_at]),
        };
        Ok((lines.iter().skip(usize::from(header)).map(record).collect(), header))
    }

    /// Whether the first line has no label that could be one: one that isn't known, or no number where
    /// there are to be numbers, or one that no other line has.
    fn is_header(&self, lines: &[Line], label_at: usize) -> bool {
        let labels = |(_, fields): &Line| match self.written(&fields[label_at]) {
            Written::Missing => Vec::new(),
            Written::One(label) => vec![label],
            Written::List(labels) => labels,
        };
        let Some((first, others)) = lines.split_first() else { return false };
        let first = labels(first);
        if self.is(ProblemType::Regression) {
            return first.iter().any(|label| label.parse::<f64>().is_err());
        }
        match self.known {
            Some(known) => !first.is_empty() && !first.iter().any(|label| known.contains(label)),
            None => {
                let elsewhere = |label| others.iter().any(|line| labels(line).contains(label));
                !others.is_empty() && !first.is_empty() && !first.iter().any(elsewhere)
            }
        }
    }

    fn is(&self, problem: ProblemType) -> bool {
        self.layout.problem_type == Some(problem)
    }

    /// A table's field. An empty one says that no label holds, where several may.
    fn written(&self, field: &str) -> Written {
        if !self.is(ProblemType::MultiLabelClassification) {
            return Written::one(field);
        }
        let labels = field.split(self.layout.separator.as_str()).map(str::trim);
        Written::List(labels.filter(|label| !label.is_empty()).map(str::to_owned).collect())
    }

    fn object(&self, line: u64, object: &str) -> Result<Record, Problem> {
        let Layout { text, label, .. } = self.layout;
        let object = parse(object)?;
        let text = text_in(&object, text)?.trim().to_owned();
        let found = value_in(&object, label)?;
        let refused = || Problem::LabelType { column: label.to_string(), found: found.to_string() };
        let label = match found {
            Value::Null => Some(Written::Missing),
            Value::Array(labels) => {
                let labels = labels.iter().map(|label| self.label(label)).collect::<Option<_>>();
                labels.map(Written::List)
            }
            Value::String(label) => Some(Written::one(label)),
            one => self.label(one).map(Written::One),
        };
        Ok(Record { line, text, label: label.ok_or_else(refused)? })
    }

    /// What JSON has for one label.
    fn label(&self, value: &Value) -> Option<String> {
        match value {
            Value::String(label) => Some(label.trim().to_owned()).filter(|label| !label.is_empty()),
            Value::Bool(_) => Some(value.to_string()),
            Value::Number(number) if number.is_f64() && !self.is(ProblemType::Regression) => None,
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// The texts alone, trimmed and not empty. A table has a header if the column is given by name.
pub(super) fn texts(content: &str, format: Format, text: &Column) -> Result<Vec<String>, Failure> {
    let checked = |line: u64, text: &str| match text.trim() {
        "" => Err(Problem::EmptyText.at(line)),
        text => Ok(text.to_owned()),
    };
    let lines = match format {
        Format::Tsv => tsv(content),
        Format::Csv => csv(content)?,
        Format::JsonLines => {
            let of = |(number, line)| {
                let object = parse(line).map_err(|problem| problem.at(number))?;
                let text = text_in(&object, text).map_err(|problem| problem.at(number))?;
                checked(number, text)
            };
            return lines_of(content).map(of).collect();
        }
    };
    let at = column_in(&lines, text)?;
    let header = usize::from(matches!(text, Column::Name(_)));
    lines.iter().skip(header).map(|(line, fields)| checked(*line, &fields[at])).collect()
}

fn tsv(content: &str) -> Vec<Line> {
    let lines = (1..).zip(content.lines()).filter(|(_, line)| !line.is_empty());
    lines.map(|(number, line)| (number, line.split('\t').map(str::to_owned).collect())).collect()
}

fn csv(content: &str) -> Result<Vec<Line>, Failure> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(content.as_bytes());
    let mut lines = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut last = 0;
    while reader.read_record(&mut record).map_err(|error| (None, error.into()))? {
        let Some(position) = record.position() else { continue };
        // The reader puts a record where the one before it ended, ahead of blank lines.
        last = position.byte() as usize;
        let blank = content[last..].bytes().take_while(|byte| b"\r\n".contains(byte));
        let number = position.line() + blank.filter(|&byte| byte == b'\n').count() as u64;
        lines.push((number, record.iter().map(str::to_owned).collect()));
    }
    // The reader takes an open quote to the end of the file for a field.
    match lines.last() {
        Some(&(line, _)) if content[last..].matches('"').count() % 2 == 1 => {
            Err(Problem::OpenQuote.at(line))
        }
        _ => Ok(lines),
    }
}

/// Where a column is in a table whose lines are all as long as the first.
fn column_in(lines: &[Line], column: &Column) -> Result<usize, Failure> {
    let (line, first) = lines.first().ok_or((None, Problem::NoRows { left_out: 0 }))?;
    let place = position(column, first).map_err(|problem| problem.at(*line))?;
    match lines.iter().find(|(_, fields)| fields.len() != first.len()) {
        Some((line, fields)) => {
            Err(Problem::Ragged { found: fields.len(), expected: first.len() }.at(*line))
        }
        None => Ok(place),
    }
}

/// Where a column is among the fields of the first line.
fn position(column: &Column, first: &[String]) -> Result<usize, Problem> {
    let place = match column {
        Column::Name(name) => first.iter().position(|field| field.trim() == name),
        Column::Number(number) => Some(number.get() - 1).filter(|&place| place < first.len()),
    };
    place.ok_or_else(|| no_column(column, first.to_vec()))
}

fn no_column(column: &Column, there: Vec<String>) -> Problem {
    Problem::NoColumn { wanted: column.to_string(), there }
}

/// Lines that aren't blank, with their numbers.
fn lines_of(content: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(content.lines()).filter(|(_, line)| !line.trim().is_empty())
}

type Object = Map<String, Value>;

fn parse(line: &str) -> Result<Object, Problem> {
    Ok(serde_json::from_str(line)?)
}

fn value_in<'o>(object: &'o Object, column: &Column) -> Result<&'o Value, Problem> {
    let value = object.get(&column.to_string());
    value.ok_or_else(|| no_column(column, object.keys().cloned().collect()))
}

fn text_in<'o>(object: &'o Object, column: &Column) -> Result<&'o str, Problem> {
    match value_in(object, column)? {
        Value::String(text) => Ok(text),
        found => Err(Problem::TextType { column: column.to_string(), found: found.to_string() }),
    }
}
