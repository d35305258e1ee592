//! What can be wrong with a labelled file.

use std::path::{Path, PathBuf};

use super::layout::Column;
use super::notes::Note;

/// An error in a file, with the line if the error is on one line.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {kind}", .file.display(), .line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct DatasetError {
    /// The path as it was given.
    pub file: PathBuf,
    /// Counted from 1. For a row that spans several lines it is the first of them.
    pub line: Option<u64>,
    /// What is wrong.
    pub kind: DatasetErrorKind,
}

/// Why a file can't be used for training or scoring.
#[derive(Debug, thiserror::Error)]
pub enum DatasetErrorKind {
    /// The file doesn't exist, isn't readable, and the like.
    #[error("cannot be read: {0}; name a file that exists and that this user may read")]
    Unreadable(#[from] std::io::Error),
    /// Another extension, or none.
    #[error("the name must end in .tsv, .csv, .jsonl or .ndjson, which says how to read it")]
    UnknownExtension,
    /// The same for a file of texts with entities.
    #[error(
        "the name must end in .conll, .conllu, .bio, .iob, .iob2, .bioes, .tsv or .txt, for a word and \
         its tag per line, or in .jsonl or .ndjson, for texts with spans"
    )]
    UnknownTaggedExtension,
    /// The first byte that can't be part of a character.
    #[error("not UTF-8 (byte {0:#04x}): save the file as UTF-8")]
    NotUtf8(u8),
    /// A quote without an end. The rest of the file would be one field.
    #[error(
        "a quote begins on this line and never ends: close it, and double the quotes inside a field"
    )]
    OpenQuote,
    /// Something after a closing quote that ends neither the field nor the line.
    #[error(
        "a quoted field that begins on this line ends{} and is followed by {found:?}; after it only a \
         delimiter or the end of the line may come (RFC 4180): close each quote, and write a quote inside \
         a field as two (\"\"), not with a backslash",
        match .closing {
            Some(line) => format!(" on line {line}"),
            None => String::new(),
        }
    )]
    AfterQuote {
        /// The line of the closing quote, if it isn't that of the opening one.
        closing: Option<u64>,
        /// What follows it.
        found: char,
    },
    /// A delimiter for a file that isn't a table.
    #[error("JSON Lines have no delimiter; leave --delimiter out")]
    DelimiterInJson,
    /// The same for a file of texts with entities.
    #[error("fields are separated by tabs or spaces; leave --delimiter out")]
    DelimiterInTagged,
    /// A word that Python writes into JSON although JSON doesn't have it.
    #[error(
        "{0} is not JSON (Python writes it for a missing value): write null, or leave the key out"
    )]
    NotJson(&'static str),
    /// Not JSON, or JSON that isn't an object.
    #[error("not a JSON object: {0}; each line must be one")]
    NotAnObject(String),
    /// Two columns with the wanted name.
    #[error(
        "two columns are called {name:?}, column {} and column {}; rename one, or give the number",
        .places[0], .places[1]
    )]
    DuplicateColumn {
        /// Their name.
        name: String,
        /// Counted from 1.
        places: [usize; 2],
    },
    /// A JSON object with the wanted key twice.
    #[error(
        "the key {name:?} comes twice, as key {} and key {} of the object; each may come once",
        .places[0], .places[1]
    )]
    DuplicateKey {
        /// The key.
        name: String,
        /// Counted from 1.
        places: [usize; 2],
    },
    /// One column for two purposes.
    #[error("column {0:?} is both the {1} and the {2}; give each a column of its own")]
    SameColumn(String, &'static str, &'static str),
    /// A line with another number of columns than the first line.
    #[error(
        "{found} columns where the first line has {expected}; all lines must have the same number"
    )]
    Ragged {
        /// Columns on this line.
        found: usize,
        /// Columns on the first line.
        expected: usize,
    },
    /// A column that neither the first line nor the JSON object has.
    #[error(
        "no column {wanted:?}; there are {}{}",
        quote(.available),
        if *.is_number && .available.contains(.wanted) {
            format!("; name:{wanted} is the one that is called {wanted:?}")
        } else {
            String::new()
        }
    )]
    NoColumn {
        /// The column as it was given.
        wanted: String,
        /// Whether it is a number.
        is_number: bool,
        /// The fields of the first line, or the keys of the object.
        available: Vec<String>,
    },
    /// A JSON value that isn't a text.
    #[error("the text in {column:?} is {found}; it must be a string")]
    TextType {
        /// Its key.
        column: String,
        /// The value as JSON.
        found: String,
    },
    /// A JSON value that can't be a label.
    #[error(
        "the label in {column:?} is {found}; it must be a string, an integer, true or false, or a list of \
         these for several labels"
    )]
    LabelType {
        /// Its key.
        column: String,
        /// The value as JSON.
        found: String,
    },
    /// A field of a file that has no names for them.
    #[error(
        "the fields of a file with a word per line have no names, so {0:?} can't be found; give a \
         number, counted from 1, such as --label 4"
    )]
    NamedField(String),
    /// A line with a single field where a word and its tag are needed.
    #[error("only one field; a line needs a word and its tag, separated by spaces or a tab")]
    NoTag,
    /// An empty field.
    #[error("the {0} is empty; each line needs a word and its tag")]
    EmptyField(&'static str),
    /// A column for groups in a file with a word per line.
    #[error("a file with a word per line has no groups of texts; leave --group out")]
    GroupInWords,
    /// A file whose first field is the number of the word.
    #[error(
        "the first field counts the words; name the fields of the word and of its tag, such as --text 2 \
         --label 3"
    )]
    CountedWords,
    /// A tag that isn't written like most others.
    #[error(
        "the tag is {0:?}, and most others are written in another way; all but O have to begin with a \
         letter and a hyphen, such as B- and I-, or all are a letter, or all are a label alone"
    )]
    OtherTag(String),
    /// A JSON value that can't be a list of spans, or one that can't be a span.
    #[error(
        "the spans in {column:?} are {found}; they must be a list of objects such as {{\"start\": 0, \
         \"end\": 3, \"label\": \"person\"}}, or of lists such as [0, 3, \"person\"]"
    )]
    SpanType {
        /// Its key.
        column: String,
        /// The value as JSON.
        found: String,
    },
    /// Words and tags that don't go together.
    #[error(
        "the words in \"tokens\" and their tags have to be lists of as many strings, none of them empty; \
         tags by number have to be replaced by their names"
    )]
    WordsAndTags,
    /// A span that has no characters, or some that the text doesn't have.
    #[error(
        "a span is from {} to {}; it must begin before it ends, and the text has {characters} \
         characters (Unicode characters, counted from 0)", .ends[0], .ends[1]
    )]
    SpanRange {
        /// Its first character and the one after its last.
        ends: [usize; 2],
        /// Those of the text.
        characters: usize,
    },
    /// A span with other characters than it says.
    #[error(
        "the span from {} to {} has the text {written:?}, and the text has {found:?} there; places \
         count Unicode characters, neither bytes nor UTF-16 units", .ends[0], .ends[1]
    )]
    SpanText {
        /// Its first character and the one after its last.
        ends: [usize; 2],
        /// What is there.
        found: String,
        /// What it says.
        written: String,
    },
    /// Two spans that share characters.
    #[error(
        "the spans from {} to {} and from {} to {} overlap; a character can be in one of them",
        .0[0][0], .0[0][1], .0[1][0], .0[1][1]
    )]
    SpansOverlap([[usize; 2]; 2]),
    /// A field that begins and ends as a list and isn't one.
    #[error(
        "the label is {0:?}, which can't be read as a list such as [\"a\", \"b\"] or ['a', 'b']"
    )]
    BrokenList(String),
    /// A list of labels in a single-label problem.
    #[error("the label is a list, {}; only one label is allowed, except in a multi-label problem", quote(.0))]
    LabelList(Vec<String>),
    /// A label of a regression that isn't a finite number.
    #[error("the label is {0:?}; it must be a number")]
    NotANumber(String),
    /// A blank text where every text is needed.
    #[error("the text is empty; every row needs one")]
    EmptyText,
    /// Only blank lines, a header, and rows that were left out.
    #[error("no rows{}; at least one is needed", if *.left_out == 0 { String::new() } else { format!(
        ": all {} lack a text or a label", .left_out) })]
    NoRows {
        /// Rows without a text or without a label.
        left_out: usize,
    },
    /// Too few labels to learn to distinguish them.
    #[error(
        "there is nothing to learn without two labels: {}{}",
        match .only {
            Some(only) => format!("{only:?} is the only label"),
            None => "there is no label".to_owned(),
        },
        join(.notes)
    )]
    NothingToLearn {
        /// The only label, if there is one.
        only: Option<String>,
        /// What was left out.
        notes: Vec<Note>,
    },
    /// No row has a label of the head.
    #[error("no row has a label of the head: check the column of the labels{}", join(.0))]
    NothingToScore(Vec<Note>),
    /// All numbers are equal.
    #[error("every row has the number {0}; there is nothing to learn unless the numbers differ")]
    ConstantNumber(f64),
}

/// An error without the file's name.
#[derive(Debug)]
pub(super) struct LineError {
    pub line: Option<u64>,
    pub kind: DatasetErrorKind,
}

impl LineError {
    pub fn in_file(self, file: &Path) -> DatasetError {
        DatasetError { file: file.to_owned(), line: self.line, kind: self.kind }
    }
}

impl From<DatasetErrorKind> for LineError {
    /// An error of the file as a whole.
    fn from(kind: DatasetErrorKind) -> Self {
        Self { line: None, kind }
    }
}

impl DatasetErrorKind {
    /// The error on a line, counted from 1.
    pub(super) fn on_line(self, line: u64) -> LineError {
        LineError { line: Some(line), kind: self }
    }

    pub(super) fn no_column(column: &Column, available: Vec<String>) -> Self {
        let is_number = matches!(column, Column::Number(_));
        Self::NoColumn { wanted: column.to_string(), is_number, available }
    }
}

fn join(notes: &[Note]) -> String {
    notes.iter().map(|note| format!("; {note}")).collect()
}

fn quote(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    quoted.join(", ")
}
