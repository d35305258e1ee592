//! From the lines of a file to the text and the label on each.

use serde_json::Value;

use super::content::Format;
use super::error::{DatasetErrorKind, LineError};
use super::json_lines::{numbered_lines, parse_object, string, value};
use super::layout::{Column, Layout};
use super::tables::{TableLine, column_index, csv_lines, tsv_lines};
use crate::model::checkpoint::ProblemType;

/// The content of one line, counted from 1. The text is trimmed and may be empty.
pub(super) struct Record {
    pub line: u64,
    pub text: String,
    pub label: WrittenLabel,
}

/// A label as written in the file, trimmed and not empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum WrittenLabel {
    Missing,
    One(String),
    /// Any number of labels.
    List(Vec<String>),
}

impl WrittenLabel {
    fn one(label: &str) -> Self {
        match label.trim() {
            "" => Self::Missing,
            label => Self::One(label.to_owned()),
        }
    }
}

/// Reads the records of a file.
pub(super) struct RecordReader<'a> {
    pub layout: &'a Layout,
    /// The labels of the head that will be scored, if there is one.
    pub known_labels: Option<&'a [String]>,
}

impl RecordReader<'_> {
    /// The records, and whether the first line is a header.
    pub(super) fn read(
        &self,
        content: &str,
        format: Format,
    ) -> Result<(Vec<Record>, bool), LineError> {
        match format {
            Format::Tsv => self.read_table(&tsv_lines(content)),
            Format::Csv => self.read_table(&csv_lines(content)?),
            Format::JsonLines => {
                let records = numbered_lines(content).map(|(line, object)| {
                    self.read_object(line, object).map_err(|kind| kind.on_line(line))
                });
                Ok((records.collect::<Result<_, _>>()?, false))
            }
        }
    }

    fn read_table(&self, lines: &[TableLine]) -> Result<(Vec<Record>, bool), LineError> {
        let Layout { text, label, .. } = self.layout;
        let (text_index, label_index) = (column_index(lines, text)?, column_index(lines, label)?);
        let named = matches!((text, label), (Column::Name(_), _) | (_, Column::Name(_)));
        let header = named || self.is_header(lines, label_index);
        let record = |line: &TableLine| Record {
            line: line.number,
            text: line.fields[text_index].trim().to_owned(),
            label: self.field_label(&line.fields[label_index]),
        };
        Ok((lines.iter().skip(usize::from(header)).map(record).collect(), header))
    }

    /// Whether the label on the first line can't be one: it isn't known, or isn't a number in a
    /// regression, or occurs on no other line.
    fn is_header(&self, lines: &[TableLine], label_index: usize) -> bool {
        let labels = |line: &TableLine| match self.field_label(&line.fields[label_index]) {
            WrittenLabel::Missing => Vec::new(),
            WrittenLabel::One(label) => vec![label],
            WrittenLabel::List(labels) => labels,
        };
        let Some((first, others)) = lines.split_first() else { return false };
        let first = labels(first);
        if self.has_type(ProblemType::Regression) {
            return first.iter().any(|label| label.parse::<f64>().is_err());
        }
        match self.known_labels {
            Some(known) => !first.is_empty() && !first.iter().any(|label| known.contains(label)),
            None => {
                let elsewhere = |label| others.iter().any(|line| labels(line).contains(label));
                !others.is_empty() && !first.is_empty() && !first.iter().any(elsewhere)
            }
        }
    }

    fn has_type(&self, problem_type: ProblemType) -> bool {
        self.layout.problem_type == Some(problem_type)
    }

    /// The label in a field of a table. In a multi-label problem an empty field is an empty list.
    fn field_label(&self, field: &str) -> WrittenLabel {
        if !self.has_type(ProblemType::MultiLabelClassification) {
            return WrittenLabel::one(field);
        }
        let labels = field.split(self.layout.separator.as_str()).map(str::trim);
        WrittenLabel::List(labels.filter(|label| !label.is_empty()).map(str::to_owned).collect())
    }

    fn read_object(&self, line: u64, object: &str) -> Result<Record, DatasetErrorKind> {
        let Layout { text, label, .. } = self.layout;
        let object = parse_object(object)?;
        let text = string(&object, text)?.trim().to_owned();
        let found = value(&object, label)?;
        let wrong_type =
            || DatasetErrorKind::LabelType { column: label.to_string(), found: found.to_string() };
        let label = match found {
            Value::Null => Some(WrittenLabel::Missing),
            Value::Array(labels) => {
                let labels = labels.iter().map(|label| self.json_label(label));
                labels.collect::<Option<_>>().map(WrittenLabel::List)
            }
            Value::String(label) => Some(WrittenLabel::one(label)),
            other => self.json_label(other).map(WrittenLabel::One),
        };
        Ok(Record { line, text, label: label.ok_or_else(wrong_type)? })
    }

    /// One label as a JSON value. Numbers with a fraction are labels only in a regression.
    fn json_label(&self, value: &Value) -> Option<String> {
        match value {
            Value::String(label) => Some(label.trim().to_owned()).filter(|label| !label.is_empty()),
            Value::Bool(_) => Some(value.to_string()),
            Value::Number(number) if number.is_f64() && !self.has_type(ProblemType::Regression) => {
                None
            }
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}
