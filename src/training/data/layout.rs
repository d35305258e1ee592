//! Which columns of a file are read, and how the command line names them.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use crate::model::checkpoint::ProblemType;

/// What to read from a file.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The column of texts.
    pub text: Column,
    /// The column of second texts, if the head classifies pairs.
    pub pair: Option<Column>,
    /// The column of labels.
    pub label: Column,
    /// A column whose equal values make rows a group, besides those with alike texts.
    pub group: Option<Column>,
    /// What the labels are. If it isn't given: multi-label if they are lists, otherwise single-label.
    pub problem_type: Option<ProblemType>,
    /// Separates the labels in a field of a table, in a multi-label problem.
    pub separator: String,
    /// Separates the fields of a table. If it isn't given: a tab in TSV, detected in CSV.
    pub delimiter: Option<char>,
    /// Whether a fifth of the texts is held out; see `is_held_out`.
    pub hold_out: bool,
}

impl Layout {
    /// Texts and labels in these columns, the rest as it is by default.
    pub fn new(text: Column, label: Column) -> Self {
        Self {
            text,
            pair: None,
            label,
            group: None,
            problem_type: None,
            separator: ",".to_owned(),
            delimiter: None,
            hold_out: true,
        }
    }

    /// All columns that are read.
    pub(super) fn columns(&self) -> Vec<&Column> {
        let optional = [&self.pair, &self.group].into_iter().flatten();
        [&self.text, &self.label].into_iter().chain(optional).collect()
    }
}

/// A column as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// By its name in the header.
    Name(String),
    /// By its number from the left, counted from 1.
    Number(NonZeroUsize),
}

/// What stands before a name that is digits alone, or begins with this itself.
const NAME: &str = "name:";

impl FromStr for Column {
    type Err = InvalidColumn;

    /// Digits alone are a number. `name:` before them makes them a name.
    fn from_str(written: &str) -> Result<Self, InvalidColumn> {
        let invalid = || InvalidColumn(written.to_owned());
        if let Some(name) = written.strip_prefix(NAME) {
            return Ok(Self::Name(name.to_owned()));
        }
        if written.is_empty() {
            return Err(invalid());
        }
        if written.bytes().any(|byte| !byte.is_ascii_digit()) {
            return Ok(Self::Name(written.to_owned()));
        }
        written.parse().map(Self::Number).map_err(|_| invalid())
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// Zero, or nothing.
#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is not a column: give a name from the header, or a number from 1 on; \
     a column that is called {0:?} is {NAME}{0}"
)]
pub struct InvalidColumn(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_digits_is_a_number_counted_from_one() {
        let name = |name: &str| Column::Name(name.to_owned());
        for (written, column) in [
            ("2", Column::Number(NonZeroUsize::new(2).unwrap())),
            ("2nd", name("2nd")),
            ("name:0", name("0")),
            ("name:", name("")),
            ("name:name:x", name("name:x")),
        ] {
            assert_eq!(written.parse::<Column>().unwrap(), column);
        }
        let zero = "0".parse::<Column>().unwrap_err().to_string();
        assert!(zero.ends_with("a column that is called \"0\" is name:0"), "{zero}");
        assert!("".parse::<Column>().is_err());
    }
}
