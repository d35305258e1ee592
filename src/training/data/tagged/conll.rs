//! Files with a word and its tag per line, and a blank line after each text, as in the CoNLL shared
//! tasks.

use super::text::TaggedText;
use super::words::TaggedWords;
use crate::training::data::error::{DatasetErrorKind, LineError};
use crate::training::data::layout::{Column, Layout};

/// The first field of a line that separates documents.
const DOCUMENT: &str = "-DOCSTART-";

/// Which fields of a line are read.
struct Columns<'l> {
    word: &'l Column,
    tag: &'l Column,
}

/// Reads the texts of a file. Fields are separated by tabs in a line that has one, otherwise by spaces.
/// Unless the layout has numbers, the word is the first field and the tag the last.
pub(super) fn read(content: &str, layout: &Layout) -> Result<Vec<TaggedText>, LineError> {
    let columns = Columns::new(layout)?;
    let tabs = content.contains('\t');
    let mut sentences = vec![TaggedWords::default()];
    let mut expected = None;
    for (line, written) in (1..).zip(lines(content)) {
        let fields = fields(written);
        if fields.is_empty() || fields[0] == DOCUMENT {
            sentences.push(TaggedWords::default());
            continue;
        }
        let is_comment =
            written.starts_with('#') && is_comment(&fields, tabs && !written.contains('\t'));
        if is_comment || columns.is_no_word(fields[0]) {
            continue;
        }
        let (found, expected) = (fields.len(), *expected.get_or_insert(fields.len()));
        if found != expected {
            return Err(DatasetErrorKind::Ragged { found, expected }.on_line(line));
        }
        let (word, tag) = columns.read(&fields).map_err(|kind| kind.on_line(line))?;
        let Some(sentence) = sentences.last_mut() else { continue };
        if sentence.words.is_empty() {
            sentence.line = line;
        }
        sentence.words.push(word.to_owned());
        sentence.tags.push(tag.to_owned());
        sentence.lines.push(line);
    }
    sentences.retain(|sentence| !sentence.words.is_empty());
    columns.check_words(&sentences)?;
    TaggedWords::texts(sentences)
}

/// Lines that end in LF, CRLF or, in a file without these, CR.
fn lines(content: &str) -> Box<dyn Iterator<Item = &str> + '_> {
    match content.contains('\n') {
        true => Box::new(content.lines()),
        false => Box::new(content.split('\r')),
    }
}

/// The fields of a line; none of a blank one. Other spaces than those of ASCII may be part of a word.
fn fields(line: &str) -> Vec<&str> {
    if line.trim_ascii().is_empty() {
        return Vec::new();
    }
    if line.contains('\t') {
        return line.split('\t').map(str::trim_ascii).collect();
    }
    line.split_ascii_whitespace().collect()
}

/// Whether a line that begins with `#` is a comment, as CoNLL-U and others have them, and no word with its
/// tag: it has no other field, or no tab where others do, or sets `key = value` or `key=value`.
fn is_comment(fields: &[&str], without_tab: bool) -> bool {
    let sets = fields.contains(&"=") || fields[1..].last().is_some_and(|last| last.contains('='));
    fields.len() == 1 || without_tab || sets
}

impl<'l> Columns<'l> {
    fn new(layout: &'l Layout) -> Result<Self, LineError> {
        for (column, default) in [(&layout.text, "text"), (&layout.label, "label")] {
            if let Column::Name(name) = column
                && name != default
            {
                return Err(DatasetErrorKind::NamedField(name.clone()).into());
            }
        }
        if layout.group.is_some() {
            return Err(DatasetErrorKind::GroupInWords.into());
        }
        Ok(Self { word: &layout.text, tag: &layout.label })
    }

    /// Whether the first field says that a line is no word of its own, as in CoNLL-U: `1-2` is two words
    /// in one, `1.1` a word that isn't written. Only where the word is another field.
    fn is_no_word(&self, first: &str) -> bool {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let both = first.split_once('-').or(first.split_once('.'));
        matches!(self.word, Column::Number(_))
            && both.is_some_and(|(one, other)| is_number(one) && is_number(other))
    }

    /// The word and the tag on a line.
    fn read<'a>(&self, fields: &[&'a str]) -> Result<(&'a str, &'a str), DatasetErrorKind> {
        if fields.len() < 2 {
            return Err(DatasetErrorKind::NoTag);
        }
        let at = |column: &Column, default: usize, what: &'static str| {
            let place = match column {
                Column::Name(_) => default,
                Column::Number(number) => number.get() - 1,
            };
            let available = || (1..=fields.len()).map(|number| number.to_string()).collect();
            match fields.get(place) {
                None => Err(DatasetErrorKind::no_column(column, available())),
                Some(field) if field.trim().is_empty() => Err(DatasetErrorKind::EmptyField(what)),
                Some(field) => Ok(*field),
            }
        };
        Ok((at(self.word, 0, "word")?, at(self.tag, fields.len() - 1, "tag")?))
    }

    /// Fails if the first field, without being named, counts the words of each text.
    fn check_words(&self, sentences: &[TaggedWords]) -> Result<(), LineError> {
        let counts = |sentence: &TaggedWords| {
            sentence.words.iter().zip(1..).all(|(word, count)| word.parse() == Ok(count))
        };
        let by_default = matches!(self.word, Column::Name(_));
        match sentences.first() {
            Some(first) if by_default && sentences.iter().all(counts) => {
                Err(DatasetErrorKind::CountedWords.on_line(first.line))
            }
            _ => Ok(()),
        }
    }
}
