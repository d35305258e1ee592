//! From the lines of a file to the text and the label on each.

use super::content::Format;
use super::error::{DatasetErrorKind, LineError};
use super::known_labels::KnownLabels;
use super::label_list::parse_list;
use super::layout::{Column, Layout};
use super::notes::Note;
use super::quoted::TableLine;
use super::tables::{Table, column_index, read_table};
use crate::model::checkpoint::ProblemType;

/// The content of one line, counted from 1. Texts are trimmed and may be empty.
pub(super) struct Record {
    pub line: u64,
    pub text: String,
    /// The second text, if the layout has a column for it.
    pub pair: Option<String>,
    pub label: WrittenLabel,
    /// The value of the group's column, not empty.
    pub group: Option<String>,
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
    pub fn one(label: &str) -> Self {
        match label.trim() {
            "" => Self::Missing,
            label => Self::One(label.to_owned()),
        }
    }

    /// The labels, none or one or several.
    pub fn names(&self) -> &[String] {
        match self {
            Self::Missing => &[],
            Self::One(label) => std::slice::from_ref(label),
            Self::List(labels) => labels,
        }
    }
}

/// The records of a file.
pub(super) struct Records {
    pub records: Vec<Record>,
    /// Whether the first line is a header.
    pub header: bool,
    /// How the file was read.
    pub notes: Vec<Note>,
}

/// Reads the records of a file.
pub(super) struct RecordReader<'a> {
    pub layout: &'a Layout,
    /// The labels of the head that will be scored, if there is one.
    pub known_labels: Option<KnownLabels<'a>>,
}

impl RecordReader<'_> {
    pub(super) fn read(&self, content: &str, format: Format) -> Result<Records, LineError> {
        self.check_columns()?;
        let delimiter = self.layout.delimiter;
        match format {
            Format::JsonLines if delimiter.is_some() => {
                Err(DatasetErrorKind::DelimiterInJson.into())
            }
            Format::JsonLines => self.read_objects(content),
            Format::Tsv | Format::Csv => {
                self.read_table(read_table(content, format, delimiter, &self.layout.columns())?)
            }
        }
    }

    /// Checks that no column has two purposes.
    fn check_columns(&self) -> Result<(), LineError> {
        let Layout { text, pair, label, .. } = self.layout;
        let purposes =
            [(Some(text), "text"), (pair.as_ref(), "second text"), (Some(label), "label")];
        for (at, (column, purpose)) in purposes.iter().enumerate() {
            let same = purposes[..at].iter().find(|(other, _)| column.is_some() && other == column);
            if let (Some(column), Some((_, other))) = (column, same) {
                return Err(DatasetErrorKind::SameColumn(column.to_string(), other, purpose).into());
            }
        }
        Ok(())
    }

    fn read_table(&self, table: Table) -> Result<Records, LineError> {
        let Table { lines, notes } = table;
        let Layout { text, pair, label, group, .. } = self.layout;
        let index = |column: &Column| column_index(&lines, column);
        let (text_index, label_index) = (index(text)?, index(label)?);
        let pair_index = pair.as_ref().map(index).transpose()?;
        let group_index = group.as_ref().map(index).transpose()?;
        let labels = self.label_reader(&lines, label_index);
        let columns = self.layout.columns();
        let named = columns.iter().any(|column| matches!(column, Column::Name(_)));
        let header = named || self.is_header(&lines, label_index, &labels);
        let record = |line: &TableLine| {
            let field = |at: usize| line.fields[at].trim().to_owned();
            let label = labels.read(&line.fields[label_index]);
            Ok(Record {
                line: line.number,
                text: field(text_index),
                pair: pair_index.map(field),
                label: label.map_err(|kind| kind.on_line(line.number))?,
                group: group_index.map(field).filter(|group| !group.is_empty()),
            })
        };
        let records = lines.iter().skip(usize::from(header)).map(record);
        Ok(Records { records: records.collect::<Result<_, LineError>>()?, header, notes })
    }

    /// Labels are lists in a multi-label problem. If no problem type is given, they are if all that
    /// aren't empty are written as lists.
    fn label_reader(&self, lines: &[TableLine], label_index: usize) -> LabelReader<'_> {
        let mut fields = lines.iter().skip(1).map(|line| line.fields[label_index].trim());
        let mut fields = fields.by_ref().filter(|field| !field.is_empty()).peekable();
        let lists = match self.layout.problem_type {
            Some(problem_type) => problem_type == ProblemType::MultiLabelClassification,
            None => fields.peek().is_some() && fields.all(|field| parse_list(field).is_some()),
        };
        LabelReader { separator: lists.then_some(&self.layout.separator) }
    }

    /// Whether the label on the first line can't be one: it isn't known, or isn't a number in a
    /// regression, or occurs on no other line.
    fn is_header(&self, lines: &[TableLine], label_index: usize, reader: &LabelReader<'_>) -> bool {
        let labels = |line: &TableLine| {
            let label = reader.read(&line.fields[label_index]);
            label.map_or(vec![], |label| label.names().to_vec())
        };
        let Some((first, others)) = lines.split_first() else { return false };
        let first = labels(first);
        if self.has_type(ProblemType::Regression) {
            return first.iter().any(|label| label.parse::<f64>().is_err());
        }
        match self.known_labels {
            Some(KnownLabels { labels, .. }) => {
                !first.is_empty() && !first.iter().any(|label| labels.contains(label))
            }
            None => {
                let elsewhere = |label| others.iter().any(|line| labels(line).contains(label));
                !others.is_empty() && !first.is_empty() && !first.iter().any(elsewhere)
            }
        }
    }

    pub(super) fn has_type(&self, problem_type: ProblemType) -> bool {
        self.layout.problem_type == Some(problem_type)
    }
}

/// Reads the labels in the fields of a table.
struct LabelReader<'a> {
    /// If a field may have several labels.
    separator: Option<&'a String>,
}

impl LabelReader<'_> {
    /// Where a field may have several labels, an empty one is an empty list.
    fn read(&self, field: &str) -> Result<WrittenLabel, DatasetErrorKind> {
        let Some(separator) = self.separator else { return Ok(WrittenLabel::one(field)) };
        let field = field.trim();
        if field.starts_with('[') && field.ends_with(']') {
            let labels = parse_list(field).map(WrittenLabel::List);
            return labels.ok_or_else(|| DatasetErrorKind::BrokenList(field.to_owned()));
        }
        let labels = field.split(separator.as_str()).map(str::trim);
        let labels = labels.filter(|label| !label.is_empty()).map(str::to_owned);
        Ok(WrittenLabel::List(labels.collect()))
    }
}
