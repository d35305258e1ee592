//! Notes on what is unusual about a labelled file, and how it was handled.

use std::fmt;

/// Lines that a note lists before it only counts the rest.
const LISTED: usize = 8;

/// Something unusual that is no error. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Rows without a text. They are left out.
    NoText(Vec<u64>),
    /// Rows without a label. They are left out.
    NoLabel(Vec<u64>),
    /// Labels with fewer than two training texts; in a multi-label problem also labels that fewer
    /// than two training texts lack. They are left out; in a single-label problem their rows are
    /// too.
    RareLabels(Vec<LabelRows>),
    /// Labels without a held-out row. They are learned but not scored.
    NotScored(Vec<LabelRows>),
    /// Labels that the head to be scored doesn't have. They are left out; in a single-label problem
    /// their rows are too.
    UnknownLabels(Vec<LabelRows>),
    /// Rows whose text an earlier row has. All rows of a text are kept in one part of the split.
    Repeated(Vec<u64>),
    /// Rows whose text an earlier row has with another label.
    Contradicting(Vec<u64>),
}

/// A label and its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelRows {
    pub(super) label: String,
    /// The line of its first row.
    pub(super) line: u64,
    /// How many rows it has.
    pub(super) rows: usize,
}

impl LabelRows {
    /// A label that no row has been counted for.
    pub(super) fn new(label: &str, line: u64) -> Self {
        Self { label: label.to_owned(), line, rows: 0 }
    }
}

impl fmt::Display for LabelRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { label, line, rows } = self;
        match rows {
            1 => write!(f, "{label:?} (line {line})"),
            _ => write!(f, "{label:?} ({rows} rows, the first on line {line})"),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoText(lines) => {
                write!(f, "left out {} without a text: {}", rows(lines), list_lines(lines))
            }
            Self::NoLabel(lines) => {
                write!(f, "left out {} without a label: {}", rows(lines), list_lines(lines))
            }
            Self::RareLabels(labels) => write!(
                f,
                "left out labels that fewer than two training texts have, or fewer than two lack (a fifth \
                 of the texts is held out): {}",
                list(labels)
            ),
            Self::NotScored(labels) => {
                write!(f, "labels without a held-out row to score them: {}", list(labels))
            }
            Self::UnknownLabels(labels) => {
                write!(f, "left out labels that the head doesn't have: {}", list(labels))
            }
            Self::Repeated(lines) => write!(
                f,
                "{} with the text of an earlier row, kept in the same part of the split: {}",
                rows(lines),
                list_lines(lines)
            ),
            Self::Contradicting(lines) => write!(
                f,
                "{} with the text of an earlier row and another label, both kept: {}",
                rows(lines),
                list_lines(lines)
            ),
        }
    }
}

fn rows(lines: &[u64]) -> String {
    match lines.len() {
        1 => "1 row".to_owned(),
        n => format!("{n} rows"),
    }
}

fn list_lines(lines: &[u64]) -> String {
    format!("{} {}", if lines.len() == 1 { "line" } else { "lines" }, list(lines))
}

/// The first few, and the number of the others.
fn list<T: ToString>(all: &[T]) -> String {
    let first: Vec<String> = all.iter().take(LISTED).map(T::to_string).collect();
    let others = match all.len().saturating_sub(LISTED) {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    format!("{}{others}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_lists_the_first_lines_and_counts_the_rest() {
        let note = Note::NoLabel((3..20).collect());
        let expected = "left out 17 rows without a label: lines 3, 4, 5, 6, 7, 8, 9, 10 and 9 more";
        assert_eq!(note.to_string(), expected);
        assert_eq!(Note::NoText(vec![7]).to_string(), "left out 1 row without a text: line 7");
    }
}
