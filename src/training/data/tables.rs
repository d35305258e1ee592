//! TSV and CSV: lines, their fields, and columns by name or number.

use super::error::{DatasetErrorKind, LineError};
use super::layout::Column;

/// A line of a table.
pub(super) struct TableLine {
    /// Counted from 1.
    pub number: u64,
    pub fields: Vec<String>,
}

/// Lines that aren't blank.
pub(super) fn tsv_lines(content: &str) -> Vec<TableLine> {
    let lines = (1..).zip(content.lines()).filter(|(_, line)| !line.is_empty());
    let line = |(number, line): (u64, &str)| TableLine {
        number,
        fields: line.split('\t').map(str::to_owned).collect(),
    };
    lines.map(line).collect()
}

/// Records; the number of a record that spans several lines is that of the first.
pub(super) fn csv_lines(content: &str) -> Result<Vec<TableLine>, LineError> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(content.as_bytes());
    let mut lines = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut last = 0;
    while reader.read_record(&mut record).map_err(DatasetErrorKind::InvalidCsv)? {
        let Some(position) = record.position() else { continue };
        // The reader gives the position where the previous record ended, before any blank lines.
        last = position.byte() as usize;
        let blank = content[last..].bytes().take_while(|byte| b"\r\n".contains(byte));
        let number = position.line() + blank.filter(|&byte| byte == b'\n').count() as u64;
        lines.push(TableLine { number, fields: record.iter().map(str::to_owned).collect() });
    }
    // The reader accepts a field whose quote is still open at the end of the file.
    match lines.last() {
        Some(line) if content[last..].matches('"').count() % 2 == 1 => {
            Err(DatasetErrorKind::OpenQuote.on_line(line.number))
        }
        _ => Ok(lines),
    }
}

/// The index of a column in a table whose lines must all have as many fields as the first.
pub(super) fn column_index(lines: &[TableLine], column: &Column) -> Result<usize, LineError> {
    let first = lines.first().ok_or(DatasetErrorKind::NoRows { left_out: 0 })?;
    let index = match column {
        Column::Name(name) => first.fields.iter().position(|field| field.trim() == name),
        Column::Number(number) => Some(number.get() - 1).filter(|&at| at < first.fields.len()),
    };
    let index = index.ok_or_else(|| {
        DatasetErrorKind::no_column(column, first.fields.clone()).on_line(first.number)
    })?;
    match lines.iter().find(|line| line.fields.len() != first.fields.len()) {
        Some(line) => {
            let (found, expected) = (line.fields.len(), first.fields.len());
            Err(DatasetErrorKind::Ragged { found, expected }.on_line(line.number))
        }
        None => Ok(index),
    }
}
