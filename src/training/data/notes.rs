//! Notes on what is unusual about a labelled file, and how it was handled.

use std::fmt;

/// Lines that a note lists before it only counts the rest.
const LISTED: usize = 8;

/// Something unusual that is no error. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Rows without a text. They are left out.
    NoText(Vec<u64>),
    /// Rows without a second text. They are left out.
    NoPair(Vec<u64>),
    /// Rows without a label. They are left out.
    NoLabel(Vec<u64>),
    /// Labels with fewer than two training texts; in a multi-label problem also labels that fewer
    /// than two training texts lack. They are left out; in a single-label problem their rows are
    /// too.
    RareLabels(Vec<LabelRows>),
    /// Labels without a held-out row. They are learned but not scored.
    NotScored(Vec<LabelRows>),
    /// Labels that the head to be scored doesn't have.
    UnknownLabels {
        /// The labels.
        labels: Vec<LabelRows>,
        /// Whether their rows are scored, as wrong. Otherwise the labels are left out, and in a
        /// single-label problem their rows too.
        scored: bool,
    },
    /// Rows whose text an earlier row has, or one that is alike. They are kept in its part of the split.
    Repeated(Vec<u64>),
    /// Rows whose text an earlier row has, or one that is alike, with another label.
    Contradicting(Vec<u64>),
    /// A note on the test file.
    InTest(Box<Note>),
    /// Rows of a test file with a text that a row for training has, or one that is alike.
    SeenInTraining(Vec<u64>),
    /// The delimiter that was detected in a file with the extension of CSV.
    Delimiter(String),
    /// Quotes of a TSV file that are no part of the texts.
    QuotedTsv,
    /// Rows of a TSV file with a field in quotes that are part of the text.
    QuotesKept(Vec<u64>),
    /// Texts with an entity that doesn't begin where a token begins, or doesn't end where one ends.
    UnmatchedEntities(Vec<u64>),
    /// All labels are numbers; how many there are.
    NumericLabels(usize),
    /// Labels that differ only by case, spaces, number form or Unicode form.
    AlikeLabels(Vec<Vec<LabelRows>>),
    /// Labels that look like several joined by a separator.
    JoinedLabels {
        /// The separator.
        by: char,
        /// Labels with it.
        examples: Vec<LabelRows>,
    },
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
            Self::NoText(lines) => left_out(f, lines, "a text"),
            Self::NoPair(lines) => left_out(f, lines, "a second text"),
            Self::NoLabel(lines) => left_out(f, lines, "a label"),
            Self::RareLabels(labels) => write!(
                f,
                "left out labels that fewer than two texts for training have, or fewer than two lack: {}",
                list(labels)
            ),
            Self::NotScored(labels) => {
                write!(f, "labels without a held-out row to score them: {}", list(labels))
            }
            Self::UnknownLabels { labels, scored } => {
                let what = if *scored { "counted as wrong" } else { "left out" };
                write!(f, "{what}: labels that the head doesn't have: {}", list(labels))
            }
            Self::Repeated(lines) => counted(f, lines, REPEATED),
            Self::Contradicting(lines) => counted(f, lines, CONTRADICTING),
            Self::InTest(note) => write!(f, "test file: {note}"),
            Self::SeenInTraining(lines) => counted(f, lines, SEEN),
            Self::Delimiter(delimiter) => {
                write!(f, "read with the delimiter {delimiter} (--delimiter names another)")
            }
            Self::QuotedTsv => f.write_str(
                "the quotes around fields were read as in CSV, since that is how the file is written",
            ),
            Self::QuotesKept(lines) => {
                counted(f, lines, "with a field in quotes, which are part of it in TSV")
            }
            Self::UnmatchedEntities(lines) => counted(f, lines, UNMATCHED),
            Self::NumericLabels(labels) => write!(
                f,
                "all {labels} labels are numbers; --problem-type regression learns to predict a number"
            ),
            Self::AlikeLabels(groups) => {
                let groups: Vec<String> = groups.iter().map(|labels| list(labels)).collect();
                write!(f, "{ALIKE}: {}", groups.join("; "))
            }
            Self::JoinedLabels { by, examples } => write!(
                f,
                "labels look joined by {by:?}: {}; --problem-type multi-label --label-separator '{by}' \
                 splits them",
                list(examples)
            ),
        }
    }
}

const REPEATED: &str = "with the text of an earlier row, or one that differs only by case, spaces or \
                        Unicode form or is the same to the model; kept in its part of the split";
const CONTRADICTING: &str =
    "with the text of an earlier row, or one alike, and another label; both kept";
const SEEN: &str = "of the test file with a text that a row for training has, or one alike; they say \
                    little about new texts";
const UNMATCHED: &str = "with an entity that begins or ends inside a token, or has none; whole tokens and words \
                         are labelled";
const ALIKE: &str = "labels that differ only by case, spaces, number form or Unicode form are different \
                     labels here";

fn left_out(f: &mut fmt::Formatter<'_>, lines: &[u64], what: &str) -> fmt::Result {
    write!(f, "left out {} without {what}: {}", rows(lines), list_lines(lines))
}

/// `2 rows with …: lines 3, 4`
fn counted(f: &mut fmt::Formatter<'_>, lines: &[u64], what: &str) -> fmt::Result {
    write!(f, "{} {what}: {}", rows(lines), list_lines(lines))
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
