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
    /// The column of labels.
    pub label: Column,
    /// What the labels are. If it isn't given: multi-label if JSON has a list, otherwise
    /// single-label.
    pub problem_type: Option<ProblemType>,
    /// Separates the labels in a field of a table, in a multi-label problem.
    pub separator: String,
}

/// A column as the command line names it. Digits alone are a column number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// By its name in the header.
    Name(String),
    /// By its number from the left, counted from 1.
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

/// Zero, or an empty name.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a column: give a name from the header, or a number from 1 on")]
pub struct InvalidColumn(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_digits_is_a_number_counted_from_one() {
        assert_eq!("2".parse::<Column>().unwrap(), Column::Number(NonZeroUsize::new(2).unwrap()));
        assert_eq!("2nd".parse::<Column>().unwrap(), Column::Name("2nd".to_owned()));
        assert!("0".parse::<Column>().is_err());
        assert!("".parse::<Column>().is_err());
    }
}
