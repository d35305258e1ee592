//! JSON Lines: one object per line, columns by key.

use serde_json::{Map, Value};

use super::error::DatasetErrorKind;
use super::layout::Column;

pub(super) type Object = Map<String, Value>;

/// Lines that aren't blank, with their numbers.
pub(super) fn numbered_lines(content: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(content.lines()).filter(|(_, line)| !line.trim().is_empty())
}

pub(super) fn parse_object(line: &str) -> Result<Object, DatasetErrorKind> {
    Ok(serde_json::from_str(line)?)
}

/// The value of a column. A column number is a key too.
pub(super) fn value<'o>(
    object: &'o Object,
    column: &Column,
) -> Result<&'o Value, DatasetErrorKind> {
    let value = object.get(&column.to_string());
    value.ok_or_else(|| DatasetErrorKind::no_column(column, object.keys().cloned().collect()))
}

/// The string in a column.
pub(super) fn string<'o>(object: &'o Object, column: &Column) -> Result<&'o str, DatasetErrorKind> {
    match value(object, column)? {
        Value::String(text) => Ok(text),
        other => {
            Err(DatasetErrorKind::TextType { column: column.to_string(), found: other.to_string() })
        }
    }
}
