//! TSV and CSV: lines and their columns.

use super::error::{Failure, Problem, no_column};
use super::layout::Column;

/// A line of a table: its number and its fields.
pub(super) type Line = (u64, Vec<String>);

pub(super) fn tsv(content: &str) -> Vec<Line> {
    let lines = (1..).zip(content.lines()).filter(|(_, line)| !line.is_empty());
    lines.map(|(number, line)| (number, line.split('\t').map(str::to_owned).collect())).collect()
}

pub(super) fn csv(content: &str) -> Result<Vec<Line>, Failure> {
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
pub(super) fn column_in(lines: &[Line], column: &Column) -> Result<usize, Failure> {
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
