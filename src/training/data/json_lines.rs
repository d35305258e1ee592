//! JSON Lines: one object per line, columns by key.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::error::DatasetErrorKind;
use super::layout::Column;

/// The keys and values of a line, in its order. A key may come twice.
pub(super) struct Object(Vec<(String, Value)>);

/// What Python's `json` writes although JSON has no such numbers.
const NOT_JSON: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// Lines that aren't blank, with their numbers.
pub(super) fn numbered_lines(content: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(content.lines()).filter(|(_, line)| !line.trim().is_empty())
}

pub(super) fn parse_object(line: &str) -> Result<Object, DatasetErrorKind> {
    serde_json::from_str(line).map_err(|error| {
        // The column of the first or of the second byte of the word, counted from 1.
        let at = [1, 2].map(|back| line.get(error.column().saturating_sub(back)..));
        let words = at.into_iter().flatten();
        let word = words.flat_map(|rest| NOT_JSON.into_iter().find(|word| rest.starts_with(word)));
        match word.last() {
            Some(word) => DatasetErrorKind::NotJson(word),
            None => {
                let place = format!(" at line {} column", error.line());
                DatasetErrorKind::NotAnObject(error.to_string().replace(&place, " at column"))
            }
        }
    })
}

impl Object {
    /// The value of a column, if the object has it. A column number is a key too.
    pub fn find(&self, column: &Column) -> Result<Option<&Value>, DatasetErrorKind> {
        let name = column.to_string();
        let mut places = (0..self.0.len()).filter(|&at| self.0[at].0 == name);
        match (places.next(), places.next()) {
            (first, None) => Ok(first.map(|at| &self.0[at].1)),
            (first, Some(other)) => {
                let places = [first.unwrap_or(other) + 1, other + 1];
                Err(DatasetErrorKind::DuplicateKey { name, places })
            }
        }
    }

    /// The string in a column.
    pub fn string(&self, column: &Column) -> Result<&str, DatasetErrorKind> {
        match self.find(column)? {
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(wrong_type(column, other)),
            None => Err(self.no_column(column)),
        }
    }

    /// The string in a column; none if it is `null` or missing.
    pub fn string_or_none(&self, column: &Column) -> Result<Option<&str>, DatasetErrorKind> {
        match self.find(column)? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_type(column, other)),
        }
    }

    pub fn no_column(&self, column: &Column) -> DatasetErrorKind {
        DatasetErrorKind::no_column(column, self.0.iter().map(|(key, _)| key.clone()).collect())
    }
}

fn wrong_type(column: &Column, found: &Value) -> DatasetErrorKind {
    DatasetErrorKind::TextType { column: column.to_string(), found: found.to_string() }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Object(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}
