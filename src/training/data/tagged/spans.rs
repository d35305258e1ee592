//! JSON Lines with a text and the spans of its entities, or with words and their tags.

use serde_json::Value;

use super::text::{Span, TaggedText};
use super::words::TaggedWords;
use crate::training::data::error::{DatasetErrorKind, LineError};
use crate::training::data::json_lines::{Object, numbered_lines, parse_object};
use crate::training::data::layout::{Column, Layout};

/// Under which keys spans are looked for if the layout names none: as doccano, Prodigy and spaCy have
/// them, and others.
const KEYS: [&str; 5] = ["label", "spans", "labels", "entities", "ents"];

/// The key of words where there is no text, and those under which their tags are looked for, as sets on
/// Hugging Face's hub have them.
const WORDS: &str = "tokens";
const TAGS: [&str; 3] = ["ner_tags", "tags", "labels"];

/// The key of Prodigy's decision on an example, and the decisions that leave it out.
const ANSWER: (&str, [&str; 2]) = ("answer", ["reject", "ignore"]);

/// The most characters of a value that a message quotes.
const QUOTED: usize = 100;

/// The texts of a file, and the lines of objects that have no spans, not even an empty list.
pub(super) struct SpanFile {
    pub texts: Vec<TaggedText>,
    pub unlabelled: Vec<u64>,
}

/// Reads a text and its spans per line: a list of objects with `start`, `end` and `label`, or of lists
/// `[start, end, label]`. Where spans are equal, one counts.
pub(super) fn read(content: &str, layout: &Layout) -> Result<SpanFile, LineError> {
    let mut file = SpanFile { texts: Vec::new(), unlabelled: Vec::new() };
    let mut absent: Vec<&Column> = [&layout.text].into_iter().chain(&layout.group).collect();
    let (mut first, mut words) = (None, Vec::new());
    for (line, object) in numbered_lines(content) {
        let object = parse_object(object).map_err(|kind| kind.on_line(line))?;
        absent.retain(|column| !matches!(object.find(column), Ok(Some(_))));
        if let Some(text) = read_words(line, &object, layout).map_err(|kind| kind.on_line(line))? {
            absent.retain(|column| *column != &layout.text);
            words.push(text);
        } else {
            match read_object(line, &object, layout).map_err(|kind| kind.on_line(line))? {
                Some(text) => file.texts.push(text),
                None => file.unlabelled.push(line),
            }
        }
        first.get_or_insert((line, object));
    }
    match (absent.first(), first) {
        (Some(column), Some((line, object))) => Err(object.no_column(column).on_line(line)),
        _ => {
            file.texts.extend(TaggedWords::texts(words)?);
            file.texts.sort_by_key(|text| text.line);
            Ok(file)
        }
    }
}

/// Words and their tags, if the object has these in place of a text.
fn read_words(
    line: u64,
    object: &Object,
    layout: &Layout,
) -> Result<Option<TaggedWords>, DatasetErrorKind> {
    let named = |name: &str| Column::Name(name.to_owned());
    if object.find(&layout.text)?.is_some() {
        return Ok(None);
    }
    let Some(written) = object.find(&named(WORDS))? else { return Ok(None) };
    let keys = match &layout.label {
        Column::Name(name) if name == KEYS[0] => TAGS.map(named).to_vec(),
        other => vec![other.clone()],
    };
    let tags = keys.iter().find_map(|key| object.find(key).transpose());
    let tags = tags.transpose()?.ok_or_else(|| object.no_column(&keys[0]))?;
    let list = |value: &Value| -> Option<Vec<String>> {
        let strings = value.as_array()?.iter();
        strings
            .map(|one| one.as_str().map(str::to_owned).filter(|one| !one.trim().is_empty()))
            .collect()
    };
    match (list(written), list(tags)) {
        (Some(words), Some(tags)) if words.len() == tags.len() => {
            let (lines, group) = (vec![line; words.len()], group(object, layout)?);
            Ok(Some(TaggedWords { line, words, tags, lines, group }))
        }
        _ => Err(DatasetErrorKind::WordsAndTags),
    }
}

fn read_object(
    line: u64,
    object: &Object,
    layout: &Layout,
) -> Result<Option<TaggedText>, DatasetErrorKind> {
    let (key, left_out) = ANSWER;
    let answer = object.find(&Column::Name(key.to_owned()))?.and_then(Value::as_str);
    if answer.is_some_and(|answer| left_out.contains(&answer)) {
        return Ok(None);
    }
    let text = object.string_or_none(&layout.text)?.unwrap_or_default().to_owned();
    let group = group(object, layout)?;
    let Some((column, value)) = find(object, &layout.label)? else {
        return Err(object.no_column(&layout.label));
    };
    let spans = match value {
        Value::Null => return Ok(None),
        Value::Array(spans) => spans,
        other => return Err(span_type(&column, other)),
    };
    let characters: Vec<char> = text.chars().collect();
    let read = |value: &Value| read_span(&column, value, &characters);
    let mut spans = spans.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    spans.sort_by(|a, b| {
        let place = |span: &Span| (span.characters.start, span.characters.end);
        place(a).cmp(&place(b)).then_with(|| a.label.cmp(&b.label))
    });
    spans.dedup();
    for pair in spans.windows(2) {
        if pair[1].overlaps(&pair[0].characters) {
            let ends = [0, 1].map(|at| [pair[at].characters.start, pair[at].characters.end]);
            return Err(DatasetErrorKind::SpansOverlap(ends));
        }
    }
    Ok(Some(TaggedText { line, text, spans, words: None, group }))
}

/// What belongs together has the same value here.
fn group(object: &Object, layout: &Layout) -> Result<Option<String>, DatasetErrorKind> {
    let group = layout.group.as_ref().map(|group| object.find(group)).transpose()?.flatten();
    Ok(group.filter(|value| !value.is_null()).map(|value| match value {
        Value::String(group) => group.clone(),
        other => other.to_string(),
    }))
}

/// The value with the spans, and its key: of several keys the first with a list.
fn find<'o>(
    object: &'o Object,
    label: &Column,
) -> Result<Option<(String, &'o Value)>, DatasetErrorKind> {
    let keys = match label {
        Column::Name(name) if name == KEYS[0] => KEYS.map(str::to_owned).to_vec(),
        other => vec![other.to_string()],
    };
    let mut found: Option<(String, &Value)> = None;
    for key in keys {
        if let Some(value) = object.find(&Column::Name(key.clone()))? {
            let better = found.as_ref().is_none_or(|(_, other)| !other.is_array());
            if better && (value.is_array() || found.is_none()) {
                found = Some((key, value));
            }
        }
    }
    Ok(found)
}

fn read_span(column: &str, value: &Value, text: &[char]) -> Result<Span, DatasetErrorKind> {
    let either = |one: &str, other: &str| match &value[one] {
        Value::Null => value[other].clone(),
        found => found.clone(),
    };
    let (start, end, label) = match value {
        Value::Array(parts) if parts.len() == 3 => {
            (parts[0].clone(), parts[1].clone(), parts[2].clone())
        }
        Value::Object(_) => {
            // doccano and Label Studio have the second names, and the latter a list of labels.
            let label = match either("label", "labels") {
                Value::Array(labels) if labels.len() == 1 => labels[0].clone(),
                other => other,
            };
            (either("start", "start_offset"), either("end", "end_offset"), label)
        }
        _ => return Err(span_type(column, value)),
    };
    let place = |number: &Value| number.as_u64().and_then(|number| usize::try_from(number).ok());
    let (Some(start), Some(end), Some(label)) = (place(&start), place(&end), label.as_str()) else {
        return Err(span_type(column, value));
    };
    let label = label.trim();
    if label.is_empty() {
        return Err(span_type(column, value));
    }
    if start >= end || end > text.len() {
        return Err(DatasetErrorKind::SpanRange { ends: [start, end], characters: text.len() });
    }
    if let Value::String(written) = &value["text"] {
        let found: String = text[start..end].iter().collect();
        if found != *written {
            let (found, written) = (excerpt(&found), excerpt(written));
            return Err(DatasetErrorKind::SpanText { ends: [start, end], found, written });
        }
    }
    Ok(Span { characters: start..end, label: label.to_owned() })
}

fn span_type(column: &str, found: &Value) -> DatasetErrorKind {
    DatasetErrorKind::SpanType { column: column.to_owned(), found: excerpt(&found.to_string()) }
}

/// A value, or its beginning.
fn excerpt(value: &str) -> String {
    match value.char_indices().nth(QUOTED) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}…", &value[..end]),
    }
}
