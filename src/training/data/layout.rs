//! How the command line names a column.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use crate::model::checkpoint::ProblemType;

/// A column as the command line names it. Digits alone mean its place, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// As the header has it.
    Name(String),
    /// From the left.
    Number(NonZeroUsize),
}

impl FromStr for Column {
    type Err = InvalidColumn;

    fn from_str(written: &str) -> Result<Self, InvalidColumn> {
        if written.is_empty() {
            return Err(InvalidColumn(written.to_owned()));
        }
        if written.bytes().any(|byte| !byte.is_ascii_digit()) {
            return Ok(Self::Name(written.to_owned()));
        }
        let number = written.parse().map(Self::Number);
        number.map_err(|_| InvalidColumn(written.to_owned()))
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
#[error("{0:?} is no column: give a name from the header, or a number from 1 on")]
pub struct InvalidColumn(String);

/// What is read of a file.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The column of texts.
    pub text: Column,
    /// The column of labels.
    pub label: Column,
    /// What the labels are. If it isn't said, several a row where JSON has a list, else one.
    pub problem_type: Option<ProblemType>,
    /// What stands between the labels of a field of a table, where several may hold.
    pub separator: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_digits_is_a_place_counted_from_one() {
        assert_eq!("2".parse::<Column>().unwrap(), Column::Number(NonZeroUsize::new(2).unwrap()));
        assert_eq!("2nd".parse::<Column>().unwrap(), Column::Name("2nd".to_owned()));
        assert!("0".parse::<Column>().is_err());
        assert!("".parse::<Column>().is_err());
    }
}
