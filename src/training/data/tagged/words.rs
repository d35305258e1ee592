//! Texts that are given as words with a tag each.

use std::ops::Range;

use super::scheme::Scheme;
use super::text::TaggedText;
use crate::training::data::error::{DatasetErrorKind, LineError};

/// The words of a text.
#[derive(Default)]
pub(super) struct TaggedWords {
    /// The line of the first word.
    pub line: u64,
    pub words: Vec<String>,
    /// As many as words, and as lines.
    pub tags: Vec<String>,
    /// The line of each word.
    pub lines: Vec<u64>,
    /// What belongs together has the same value.
    pub group: Option<String>,
}

impl TaggedWords {
    /// The texts of a file, whose tags have to be written in one way.
    pub fn texts(all: Vec<Self>) -> Result<Vec<TaggedText>, LineError> {
        let tags = all.iter().flat_map(|text| &text.tags).map(String::as_str);
        let scheme = Scheme::of_tags(tags).map_err(|other| {
            let places = all.iter().flat_map(|text| text.tags.iter().zip(&text.lines));
            let line = places.into_iter().find(|(tag, _)| *tag == other).map(|(_, line)| *line);
            LineError { line, kind: DatasetErrorKind::OtherTag(other.to_owned()) }
        })?;
        Ok(all.into_iter().map(|text| text.into_text(scheme)).collect())
    }

    /// The words with a space between.
    fn into_text(self, scheme: Scheme) -> TaggedText {
        let Self { line, words, tags, group, .. } = self;
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
            group,
        }
    }
}
