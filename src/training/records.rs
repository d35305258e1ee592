//! TSV, CSV and JSON Lines: from a file's content to the text and the label on each line.

use std::path::Path;

use serde_json::{Map, Value};

use super::dataset::{Column, Problem};

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

/// Text and label are trimmed and not empty. `line` counts from 1.
pub(super) struct Record {
    pub line: u64,
    pub text: String,
    pub label: String,
}

impl Record {
    fn checked(line: u64, text: &str, label: &str) -> Result<Self, Failure> {
        let (text, label) = (checked_text(line, text)?, label.trim());
        if label.is_empty() {
            return Err(Problem::EmptyLabel.at(line));
        }
        Ok(Self { line, text, label: label.to_owned() })
    }
}

fn checked_text(line: u64, text: &str) -> Result<String, Failure> {
    match text.trim() {
        "" => Err(Problem::EmptyText.at(line)),
        text => Ok(text.to_owned()),
    }
}

/// A line of a table: its number and its fields.
type Line = (u64, Vec<String>);

/// The records, and whether the first line was a header. `known` are the labels that there may be,
/// where that is known.
pub(super) fn read(
    content: &str,
    format: Format,
    (text, label): (&Column, &Column),
    known: Option<&[String]>,
) -> Result<(Vec<Record>, bool), Failure> {
    match format {
        Format::Tsv => from_table(&tsv(content), text, label, known),
        Format::Csv => from_table(&csv(content)?, text, label, known),
        Format::JsonLines => Ok((json_lines(content, text, label)?, false)),
    }
}

/// The texts alone, trimmed and not empty. A table has a header if the column is given by name.
pub(super) fn texts(content: &str, format: Format, text: &Column) -> Result<Vec<String>, Failure> {
    let lines = match format {
        Format::Tsv => tsv(content),
        Format::Csv => csv(content)?,
        Format::JsonLines => {
            let of = |(number, line)| {
                let object = object(line).map_err(|problem| problem.at(number))?;
                let text = text_in(&object, text).map_err(|problem| problem.at(number))?;
                checked_text(number, text)
            };
            return lines_of(content).map(of).collect();
        }
    };
    let at = column_in(&lines, text)?;
    let header = usize::from(matches!(text, Column::Name(_)));
    lines.iter().skip(header).map(|(line, fields)| checked_text(*line, &fields[at])).collect()
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

fn from_table(
    lines: &[Line],
    text: &Column,
    label: &Column,
    known: Option<&[String]>,
) -> Result<(Vec<Record>, bool), Failure> {
    let (text_at, label_at) = (column_in(lines, text)?, column_in(lines, label)?);
    let label_of = |(_, fields): &Line| fields[label_at].trim().to_owned();
    let header = match (text, label) {
        (Column::Number(_), Column::Number(_)) => {
            let named = label_of(&lines[0]);
            match known {
                Some(known) => !known.contains(&named),
                None => lines.len() > 1 && lines[1..].iter().all(|line| label_of(line) != named),
            }
        }
        _ => true,
    };
    let records = lines
        .iter()
        .skip(usize::from(header))
        .map(|(line, fields)| Record::checked(*line, &fields[text_at], &fields[label_at]));
    Ok((records.collect::<Result<_, _>>()?, header))
}

/// Where a column is in a table whose lines are all as long as the first.
fn column_in(lines: &[Line], column: &Column) -> Result<usize, Failure> {
    let (line, first) = lines.first().ok_or((None, Problem::NoRows))?;
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

fn json_lines(content: &str, text: &Column, label: &Column) -> Result<Vec<Record>, Failure> {
    lines_of(content)
        .map(|(number, line)| {
            let (text, label) =
                from_object(line, text, label).map_err(|problem| problem.at(number))?;
            Record::checked(number, &text, &label)
        })
        .collect()
}

/// Lines that aren't blank, with their numbers.
fn lines_of(content: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(content.lines()).filter(|(_, line)| !line.trim().is_empty())
}

type Object = Map<String, Value>;

fn object(line: &str) -> Result<Object, Problem> {
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

fn from_object(line: &str, text: &Column, label: &Column) -> Result<(String, String), Problem> {
    let object = object(line)?;
    let written = text_in(&object, text)?.to_owned();
    match value_in(&object, label)? {
        Value::String(label) => Ok((written, label.clone())),
        found @ Value::Bool(_) => Ok((written, found.to_string())),
        Value::Number(number) if !number.is_f64() => Ok((written, number.to_string())),
        found => Err(Problem::LabelType { column: label.to_string(), found: found.to_string() }),
    }
}
