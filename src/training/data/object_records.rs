//! From the objects of JSON Lines to the text and the label on each line.

use serde_json::Value;

use super::error::{DatasetErrorKind, LineError};
use super::json_lines::{Object, numbered_lines, parse_object};
use super::layout::{Column, Layout};
use super::records::{Record, RecordReader, Records, WrittenLabel};
use crate::model::checkpoint::ProblemType;

impl RecordReader<'_> {
    /// A column may be missing on some lines, which are then without a text or without a label.
    pub(super) fn read_objects(&self, content: &str) -> Result<Records, LineError> {
        let mut records = Vec::new();
        let mut absent = self.layout.columns();
        let mut first = None;
        for (line, object) in numbered_lines(content) {
            let object = parse_object(object).map_err(|kind| kind.on_line(line))?;
            records.push(self.read_object(line, &object).map_err(|kind| kind.on_line(line))?);
            absent.retain(|column| !matches!(object.find(column), Ok(Some(_))));
            first.get_or_insert((line, object));
        }
        match (absent.first(), first) {
            (Some(column), Some((line, object))) => Err(object.no_column(column).on_line(line)),
            _ => Ok(Records { records, header: false, notes: vec![] }),
        }
    }

    fn read_object(&self, line: u64, object: &Object) -> Result<Record, DatasetErrorKind> {
        let Layout { text, pair, label, group, .. } = self.layout;
        let string = |column: &Column| -> Result<String, DatasetErrorKind> {
            Ok(object.string_or_none(column)?.unwrap_or_default().trim().to_owned())
        };
        Ok(Record {
            line,
            text: string(text)?,
            pair: pair.as_ref().map(string).transpose()?,
            label: self.json_labels(label, object.find(label)?.unwrap_or(&Value::Null))?,
            group: match group {
                Some(group) => object.find(group)?.and_then(|value| self.json_label(value)),
                None => None,
            },
        })
    }

    /// A label or a list of labels as a JSON value.
    fn json_labels(
        &self,
        column: &Column,
        found: &Value,
    ) -> Result<WrittenLabel, DatasetErrorKind> {
        let label = match found {
            Value::Null => Some(WrittenLabel::Missing),
            Value::Array(labels) => {
                let labels = labels.iter().map(|label| self.json_label(label));
                labels.collect::<Option<_>>().map(WrittenLabel::List)
            }
            Value::String(label) => Some(WrittenLabel::one(label)),
            other => self.json_label(other).map(WrittenLabel::One),
        };
        let (column, found) = (column.to_string(), found.to_string());
        label.ok_or(DatasetErrorKind::LabelType { column, found })
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
