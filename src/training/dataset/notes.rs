//! What a labelled file has that its owner may not know of, and what was done about it.

use std::collections::HashMap;
use std::fmt;

use super::Row;
use crate::training::targets::Targets;

/// Lines that a note lists before it counts the rest.
const LISTED: usize = 8;

/// Something odd that is no reason to stop. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Rows without a text, left out.
    NoText(Vec<u64>),
    /// Rows without a label, left out.
    NoLabel(Vec<u64>),
    /// A label that a single row has: left out, and the row too if it has no other.
    RareLabel {
        /// Which.
        label: String,
        /// The row's.
        line: u64,
    },
    /// A label that holds in all rows, or all but one: left out.
    CommonLabel(String),
    /// Rows whose text an earlier row has; all rows of a text are kept in one part.
    Repeated(Vec<u64>),
    /// Rows whose text an earlier row has with another label.
    Contradicting(Vec<u64>),
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
            Self::RareLabel { label, line } => write!(
                f,
                "left out the label {label:?}: line {line} alone has it, and at least two are needed"
            ),
            Self::CommonLabel(label) => {
                write!(f, "left out the label {label:?}: at least two rows without it are needed")
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
    let listed: Vec<String> = lines.iter().take(LISTED).map(u64::to_string).collect();
    let name = if lines.len() == 1 { "line" } else { "lines" };
    let more = match lines.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{name} {}{more}", listed.join(", "))
}

/// Notes on texts that come more than once.
pub(super) fn on_repeated(rows: &[Row], targets: &Targets) -> Vec<Note> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let (mut repeated, mut contradicting) = (Vec::new(), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        let earlier = *first.entry(&row.text).or_insert(at);
        if earlier != at {
            let same = targets.of(&[earlier]) == targets.of(&[at]);
            (if same { &mut repeated } else { &mut contradicting }).push(row.line);
        }
    }
    let note = |lines: Vec<u64>, of: fn(Vec<u64>) -> Note| (!lines.is_empty()).then(|| of(lines));
    let notes = [note(repeated, Note::Repeated), note(contradicting, Note::Contradicting)];
    notes.into_iter().flatten().collect()
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
