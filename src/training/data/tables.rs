//! TSV and CSV: lines, their fields, and columns by name or number.

use super::content::Format;
use super::delimiter::{DELIMITERS, show_delimiter};
use super::error::{DatasetErrorKind, LineError};
use super::layout::Column;
use super::notes::Note;
use super::quoted::{FieldCounts, Records, TableLine};

/// A table whose lines all have as many fields as the first.
pub(super) struct Table {
    /// At least one.
    pub lines: Vec<TableLine>,
    /// How it was read, where that isn't plain.
    pub notes: Vec<Note>,
}

/// Reads a table that has these `columns`. Without a `delimiter` it is a tab in TSV, and in CSV the one
/// of [`DELIMITERS`] by which the table has the columns.
pub(super) fn read_table(
    content: &str,
    format: Format,
    delimiter: Option<char>,
    columns: &[&Column],
) -> Result<Table, LineError> {
    match (format, delimiter) {
        (Format::Tsv, None | Some('\t')) => read_tsv(content, columns),
        (_, Some(delimiter)) => {
            let lines = read_quoted(content, delimiter, columns)?.0;
            Ok(Table { lines, notes: vec![] })
        }
        (_, None) => detect(content, columns),
    }
}

/// The index of a column, by the first line of a table.
pub(super) fn column_index(lines: &[TableLine], column: &Column) -> Result<usize, LineError> {
    let first = lines.first().ok_or(DatasetErrorKind::NoRows { left_out: 0 })?;
    let no_column =
        || DatasetErrorKind::no_column(column, first.fields.clone()).on_line(first.number);
    let name = match column {
        Column::Name(name) => name,
        Column::Number(number) if number.get() <= first.fields.len() => return Ok(number.get() - 1),
        Column::Number(_) => return Err(no_column()),
    };
    let mut places = (0..first.fields.len()).filter(|&at| first.fields[at].trim() == name);
    match (places.next(), places.next()) {
        (Some(only), None) => Ok(only),
        (Some(one), Some(other)) => {
            let (name, places) = (name.clone(), [one + 1, other + 1]);
            Err(DatasetErrorKind::DuplicateColumn { name, places }.on_line(first.number))
        }
        (None, _) => Err(no_column()),
    }
}

/// By RFC 4180, and the counts of its fields.
fn read_quoted(
    content: &str,
    delimiter: char,
    columns: &[&Column],
) -> Result<(Vec<TableLine>, FieldCounts), LineError> {
    let mut records = Records::new(content, delimiter);
    let lines = records.by_ref().collect::<Result<Vec<_>, _>>()?;
    check(&lines, columns)?;
    Ok((lines, records.fields))
}

/// Checks that the columns exist and that all lines have as many fields as the first.
fn check(lines: &[TableLine], columns: &[&Column]) -> Result<(), LineError> {
    columns.iter().try_for_each(|column| column_index(lines, column).map(drop))?;
    let expected = lines.first().map_or(0, |first| first.fields.len());
    match lines.iter().find(|line| line.fields.len() != expected) {
        Some(line) => {
            let found = line.fields.len();
            Err(DatasetErrorKind::Ragged { found, expected }.on_line(line.number))
        }
        None => Ok(()),
    }
}

/// Reads CSV by the first delimiter that fits the whole file. If none does, the error is that of the
/// first by which at least the first line has the columns, otherwise that of the comma.
fn detect(content: &str, columns: &[&Column]) -> Result<Table, LineError> {
    let mut errors = Vec::with_capacity(DELIMITERS.len());
    for delimiter in DELIMITERS {
        match read_quoted(content, delimiter, columns) {
            Ok((lines, _)) => {
                let notes = (delimiter != ',').then(|| Note::Delimiter(show_delimiter(delimiter)));
                return Ok(Table { lines, notes: notes.into_iter().collect() });
            }
            Err(error) => errors.push(error),
        }
    }
    let has_columns = |delimiter| {
        let first: Vec<TableLine> =
            Records::new(content, delimiter).take(1).filter_map(Result::ok).collect();
        columns.iter().all(|column| column_index(&first, column).is_ok())
    };
    let fitting = DELIMITERS.into_iter().position(has_columns).unwrap_or(0);
    Err(errors.swap_remove(fitting))
}

/// Reads TSV. A quote is text, unless the file is written as pandas and spreadsheets write it: then
/// fields in quotes are read as in CSV.
fn read_tsv(content: &str, columns: &[&Column]) -> Result<Table, LineError> {
    let numbered = (1..).zip(content.lines()).filter(|(_, line)| !line.is_empty());
    let line = |(number, line): (u64, &str)| TableLine {
        number,
        fields: line.split('\t').map(str::to_owned).collect(),
    };
    let plain: Vec<TableLine> = numbered.map(line).collect();
    let checked = check(&plain, columns);
    if content.contains('"')
        && let Ok((lines, fields)) = read_quoted(content, '\t', columns)
    {
        // A field with a tab or a line end in it makes the plain lines uneven. Where they are even,
        // quotes may be text: then each quoted field must need its quotes, or all words have them.
        let as_written = fields.needlessly_quoted == 0 || fields.unquoted_words == 0;
        let is_quoted =
            fields.quoted > 0 && (checked.is_err() || (as_written && lines.len() == plain.len()));
        if is_quoted {
            return Ok(Table { lines, notes: vec![Note::QuotedTsv] });
        }
    }
    checked?;
    let in_quotes = |line: &&TableLine| {
        let in_quotes =
            |field: &String| field.len() > 1 && field.starts_with('"') && field.ends_with('"');
        line.fields.iter().any(in_quotes)
    };
    let kept: Vec<u64> = plain.iter().filter(in_quotes).map(|line| line.number).collect();
    let notes = (!kept.is_empty()).then_some(Note::QuotesKept(kept));
    Ok(Table { lines: plain, notes: notes.into_iter().collect() })
}
