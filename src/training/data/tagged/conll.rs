//! Files with a word and its tag per line, and a blank line after each text, as in the CoNLL shared
//! tasks.

use std::ops::Range;

use super::scheme::Scheme;
use super::text::TaggedText;
use crate::training::data::error::{DatasetErrorKind, LineError};
use crate::training::data::layout::{Column, Layout};

/// The word of a line that separates documents.
const DOCUMENT: &str = "-DOCSTART-";

/// The words of a text.
#[derive(Default)]
struct Sentence {
    line: u64,
    /// Documents before it.
    document: usize,
    words: Vec<String>,
    tags: Vec<String>,
}

/// Which fields of a line are read.
struct Columns<'l> {
    word: &'l Column,
    tag: &'l Column,
}

/// Reads the texts of a file. Fields are separated by tabs in a line that has one, otherwise by spaces.
/// Unless the layout has numbers, the word is the first field and the tag the last. Texts of one
/// document are a group if there are several documents.
pub(super) fn read(content: &str, layout: &Layout) -> Result<Vec<TaggedText>, LineError> {
    let columns = Columns::new(layout)?;
    let tabs = content.contains('\t');
    let mut sentences = vec![Sentence::default()];
    let (mut documents, mut expected) = (0, None);
    for (line, written) in (1..).zip(content.lines()) {
        let fields = fields(written);
        if fields.is_empty() {
            sentences.push(Sentence::default());
            continue;
        }
        if fields[0] == DOCUMENT {
            documents += 1;
            sentences.push(Sentence::default());
            continue;
        }
        if written.starts_with('#') && is_comment(&fields, tabs && !written.contains('\t')) {
            continue;
        }
        let (found, expected) = (fields.len(), *expected.get_or_insert(fields.len()));
        if found != expected {
            return Err(DatasetErrorKind::Ragged { found, expected }.on_line(line));
        }
        let (word, tag) = columns.read(&fields).map_err(|kind| kind.on_line(line))?;
        let Some(sentence) = sentences.last_mut() else { continue };
        if sentence.is_empty() {
            (sentence.line, sentence.document) = (line, documents);
        }
        sentence.words.push(word.to_owned());
        sentence.tags.push(tag.to_owned());
    }
    sentences.retain(|sentence| !sentence.is_empty());
    let all_tags = sentences.iter().flat_map(|sentence| &sentence.tags).map(String::as_str);
    let scheme = Scheme::of_tags(all_tags);
    let text = |sentence: Sentence| sentence.into_text(scheme, documents > 1);
    Ok(sentences.into_iter().map(text).collect())
}

/// The fields of a line; none of a blank one.
fn fields(line: &str) -> Vec<&str> {
    if line.trim().is_empty() {
        return Vec::new();
    }
    if line.contains('\t') {
        return line.split('\t').map(str::trim).collect();
    }
    line.split_whitespace().collect()
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
        Ok(Self { word: &layout.text, tag: &layout.label })
    }

    /// The word and the tag on a line.
    fn read<'a>(&self, fields: &[&'a str]) -> Result<(&'a str, &'a str), DatasetErrorKind> {
        if fields.len() < 2 {
            return Err(DatasetErrorKind::NoTag);
        }
        let at = |column: &Column, default: usize| {
            let place = match column {
                Column::Name(_) => default,
                Column::Number(number) => number.get() - 1,
            };
            let available = || (1..=fields.len()).map(|number| number.to_string()).collect();
            fields
                .get(place)
                .copied()
                .filter(|field| !field.is_empty())
                .ok_or_else(|| DatasetErrorKind::no_column(column, available()))
        };
        Ok((at(self.word, 0)?, at(self.tag, fields.len() - 1)?))
    }
}

impl Sentence {
    fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    fn into_text(self, scheme: Scheme, has_documents: bool) -> TaggedText {
        let Self { line, document, words, tags } = self;
        let mut start = 0;
        let place = |word: &String| {
            let end = start + word.chars().count();
            std::mem::replace(&mut start, end + 1)..end
        };
        let places: Vec<Range<usize>> = words.iter().map(place).collect();
        TaggedText {
            line,
            text: words.join(" "),
            spans: scheme.spans(&places, &tags),
            words: Some(places),
            group: has_documents.then(|| document.to_string()),
        }
    }
}
