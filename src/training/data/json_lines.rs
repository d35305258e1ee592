//! JSON Lines: objects and their keys.

use serde_json::{Map, Value};

use super::error::{Problem, no_column};
use super::layout::Column;

pub(super) type Object = Map<String, Value>;

/// Lines that aren't blank, with their numbers.
pub(super) fn lines_of(content: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(content.lines()).filter(|(_, line)| !line.trim().is_empty())
}

pub(super) fn parse(line: &str) -> Result<Object, Problem> {
    Ok(serde_json::from_str(line)?)
}

pub(super) fn value_in<'o>(object: &'o Object, column: &Column) -> Result<&'o Value, Problem> {
    let value = object.get(&column.to_string());
    value.ok_or_else(|| no_column(column, object.keys().cloned().collect()))
}

pub(super) fn text_in<'o>(object: &'o Object, column: &Column) -> Result<&'o str, Problem> {
    match value_in(object, column)? {
        Value::String(text) => Ok(text),
        found => Err(Problem::TextType { column: column.to_string(), found: found.to_string() }),
    }
}
