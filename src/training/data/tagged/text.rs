//! A text with the spans of its entities.

use std::ops::Range;

/// A text whose entities are marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedText {
    /// Its line in the file, or the first of its lines, counted from 1.
    pub line: u64,
    /// The text, as it is in the file; of a file with a word per line, its words with a space between.
    pub text: String,
    /// Its entities in order, none inside another.
    pub spans: Vec<Span>,
    /// Its words in Unicode characters, if the file says what they are.
    pub words: Option<Vec<Range<usize>>>,
    /// What belongs together has the same value.
    pub group: Option<String>,
}

/// An entity in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its Unicode characters, counted from 0; at least one.
    pub characters: Range<usize>,
    /// Its label.
    pub label: String,
}

impl Span {
    /// Whether it has a character of `range`.
    pub fn overlaps(&self, range: &Range<usize>) -> bool {
        self.characters.start < range.end && range.start < self.characters.end
    }
}
