//! What a labelled file has that its owner may not know of, and what was done about it.

use std::fmt;

/// Lines that a note lists before it counts the rest.
const LISTED: usize = 8;

/// Something odd that is no reason to stop. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Rows without a text, left out.
    NoText(Vec<u64>),
    /// Rows without a label, left out.
    NoLabel(Vec<u64>),
    /// Labels of fewer than two texts that can be trained on, or, where several may hold, that fewer than
    /// two lack; left out, and where one holds their rows too.
    RareLabels(Vec<OfLabel>),
    /// Labels of which no row is held out, so that they are learnt and not scored.
    NotScored(Vec<OfLabel>),
    /// Labels that the head to be scored doesn't have; left out, and where one holds their rows too.
    UnknownLabels(Vec<OfLabel>),
    /// Rows whose text an earlier row has; all rows of a text are kept in one part.
    Repeated(Vec<u64>),
    /// Rows whose text an earlier row has with another label.
    Contradicting(Vec<u64>),
}

/// A label, the line of its first row, and how many rows it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfLabel {
    pub(super) label: String,
    pub(super) line: u64,
    pub(super) rows: usize,
}

impl OfLabel {
    /// Without a row yet.
    pub(super) fn new(label: &str, line: u64) -> Self {
        Self { label: label.to_owned(), line, rows: 0 }
    }
}

impl fmt::Display for OfLabel {
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
        let rows = |lines: &[u64]| match lines.len() {
            1 => "1 row".to_owned(),
            n => format!("{n} rows"),
        };
        match self {
            Self::NoText(at) => write!(f, "left out {} without a text: {}", rows(at), lines(at)),
            Self::NoLabel(at) => write!(f, "left out {} without a label: {}", rows(at), lines(at)),
            Self::RareLabels(labels) => write!(
                f,
                "left out labels that fewer than two of the texts to train on have, or fewer than two \
                 lack (a fifth of the texts is held out): {}",
                listed(labels)
            ),
            Self::NotScored(labels) => {
                write!(f, "labels of which no row is held out to score them: {}", listed(labels))
            }
            Self::UnknownLabels(labels) => {
                write!(f, "left out labels that the head doesn't have: {}", listed(labels))
            }
            Self::Repeated(at) => write!(
                f,
                "{} with the text of an earlier row, kept in the same part as that: {}",
                rows(at),
                lines(at)
            ),
            Self::Contradicting(at) => write!(
                f,
                "{} with the text of an earlier row and another label, both kept: {}",
                rows(at),
                lines(at)
            ),
        }
    }
}

fn lines(lines: &[u64]) -> String {
    format!("{} {}", if lines.len() == 1 { "line" } else { "lines" }, listed(lines))
}

/// The first few, and how many more there are.
fn listed<T: ToString>(all: &[T]) -> String {
    let first: Vec<String> = all.iter().take(LISTED).map(T::to_string).collect();
    let more = match all.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", first.join(", "))
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn a_note_lists_the_first_lines_and_counts_the_rest() {
        let note = Note::NoLabel((3..20).collect());
        let said = "left out 17 rows without a label: lines 3, 4, 5, 6, 7, 8, 9, 10 and 9 more";
        assert_eq!(note.to_string(), said);
        assert_eq!(Note::NoText(vec![7]).to_string(), "left out 1 row without a text: line 7");
    }
}
