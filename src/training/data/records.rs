//! TSV, CSV and JSON Lines: from a file's content to the text and the label on each line.

use serde_json::Value;

use super::content::Format;
use super::error::{Failure, Problem};
use super::json_lines::{lines_of, parse, text_in, value_in};
use super::layout::{Column, Layout};
use super::tables::{Line, column_in, csv, tsv};
use crate::model::checkpoint::ProblemType;

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
