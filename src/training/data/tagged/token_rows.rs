//! From marked texts to rows of tokens, each with one label.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::path::PathBuf;

use super::read::TaggedDataset;
use super::scheme::OUTSIDE;
use super::text::{Span, TaggedText};
use crate::training::data::dataset::{Dataset, Row};
use crate::training::data::error::{DatasetError, DatasetErrorKind};
use crate::training::data::notes::{LabelRows, Note};
use crate::training::data::targets::Targets;

/// Characters on both sides of a token that a report shows.
const CONTEXT: usize = 40;

/// Which labels tokens have.
#[derive(Debug, Clone, Copy)]
pub enum TokenLabels<'l> {
    /// Those of a head. All tokens are scored.
    Known(&'l [String]),
    /// Those that at least two groups for training have, except for these. Tokens of other labels are left
    /// out where they aren't held out.
    Trainable(&'l [String]),
}

/// Tokens as the rows of a data set, and where they are.
#[derive(Debug, Clone)]
pub struct TokenRows {
    /// A row for each token: its text is the token among its neighbours; its group and whether it is held
    /// out are those of the text. A label that isn't listed has the index after the last.
    pub dataset: Dataset,
    /// For each row its text and its token there, ascending.
    pub places: Vec<(usize, usize)>,
}

/// The label of each piece of a text, in order: `B-` and the entity's label for the first piece with a
/// character of the entity, `I-` for the others, `O` for those without.
pub fn labels_of(pieces: &[Range<usize>], spans: &[Span]) -> Vec<String> {
    let (mut next, mut begun) = (0, None);
    let label = |piece: &Range<usize>| {
        while spans.get(next).is_some_and(|span| span.characters.end <= piece.start) {
            next += 1;
        }
        match spans.get(next).filter(|span| span.overlaps(piece)) {
            None => OUTSIDE.to_owned(),
            Some(span) => {
                let letter = if begun.replace(next) == Some(next) { "I" } else { "B" };
                format!("{letter}-{}", span.label)
            }
        }
    };
    pieces.iter().map(label).collect()
}

impl TokenRows {
    /// The rows of tokens, which are at `tokens` in each text.
    ///
    /// # Errors
    /// There are fewer than two labels.
    pub fn new(
        tagged: &TaggedDataset,
        tokens: &[Vec<Range<usize>>],
        wanted: TokenLabels<'_>,
    ) -> Result<Self, DatasetError> {
        let texts = &tagged.texts;
        let of_text = |(tokens, text): (&Vec<_>, &TaggedText)| labels_of(tokens, &text.spans);
        let all: Vec<Vec<String>> = tokens.iter().zip(&tagged.marked).map(of_text).collect();
        let labels = match wanted {
            TokenLabels::Known(known) => known.to_vec(),
            TokenLabels::Trainable(without) => trainable(&all, &texts.rows, without),
        };
        let scores_all = matches!(wanted, TokenLabels::Known(_));
        let index: HashMap<&str, usize> = labels.iter().map(String::as_str).zip(0..).collect();
        let (mut rows, mut targets, mut places) = (Vec::new(), Vec::new(), Vec::new());
        let mut others = OtherLabels::default();
        for (text, (row, found)) in texts.rows.iter().zip(&all).enumerate() {
            let characters: Vec<char> = row.text.chars().collect();
            for (token, label) in found.iter().enumerate() {
                let target = index.get(label.as_str()).copied();
                if target.is_none() {
                    others.count(label, row);
                    if !row.held_out && !scores_all {
                        continue;
                    }
                }
                rows.push(Row {
                    text: in_context(&characters, &tokens[text][token]),
                    pair: None,
                    line: row.line,
                    group: row.group,
                    held_out: row.held_out,
                });
                targets.push(target.unwrap_or(labels.len()));
                places.push((text, token));
            }
        }
        let mut notes = texts.notes.clone();
        notes.extend(others.notes(scores_all, texts.test.is_some()));
        notes.extend(unmatched(tagged, tokens));
        if labels.len() < 2 {
            let only = labels.into_iter().next();
            let file = PathBuf::from(&texts.source.file);
            let kind = DatasetErrorKind::NothingToLearn { only, notes };
            return Err(DatasetError { file, line: None, kind });
        }
        let targets = Targets::SingleLabel(targets);
        Ok(Self { dataset: Dataset { rows, targets, labels, notes, ..texts.clone() }, places })
    }
}

/// Labels that no row can have, of tokens that are held out and of others.
#[derive(Default)]
struct OtherLabels<'l> {
    held_out: BTreeMap<&'l str, LabelRows>,
    training: BTreeMap<&'l str, LabelRows>,
}

impl<'l> OtherLabels<'l> {
    fn count(&mut self, label: &'l str, row: &Row) {
        let part = if row.held_out { &mut self.held_out } else { &mut self.training };
        part.entry(label).or_insert_with(|| LabelRows::new(label, row.line)).rows += 1;
    }

    fn notes(self, scores_all: bool, has_test_file: bool) -> Vec<Note> {
        let list = |part: BTreeMap<&str, LabelRows>| part.into_values().collect::<Vec<_>>();
        let (held_out, training) = (list(self.held_out), list(self.training));
        let unknown = |labels| Note::UnknownLabels { labels, scored: true };
        let in_test = |labels| Note::InTest(Box::new(unknown(labels)));
        let notes = match (scores_all, has_test_file) {
            (true, _) => [note_if_any([held_out, training].concat(), unknown), None],
            (false, true) => {
                [note_if_any(training, Note::RareLabels), note_if_any(held_out, in_test)]
            }
            (false, false) => [note_if_any([training, held_out].concat(), Note::RareLabels), None],
        };
        notes.into_iter().flatten().collect()
    }
}

fn note_if_any(labels: Vec<LabelRows>, note: impl FnOnce(Vec<LabelRows>) -> Note) -> Option<Note> {
    (!labels.is_empty()).then(|| note(labels))
}

/// A note on the entities that don't begin where a token begins, or don't end where one ends.
fn unmatched(tagged: &TaggedDataset, tokens: &[Vec<Range<usize>>]) -> Option<Note> {
    let mut lines = Vec::new();
    for (text, tokens) in tagged.marked.iter().zip(tokens) {
        let starts: HashSet<usize> = tokens.iter().map(|token| token.start).collect();
        let ends: HashSet<usize> = tokens.iter().map(|token| token.end).collect();
        let matches = |span: &Span| {
            starts.contains(&span.characters.start) && ends.contains(&span.characters.end)
        };
        lines.extend((!text.spans.iter().all(matches)).then_some(text.line));
    }
    (!lines.is_empty()).then_some(Note::UnmatchedEntities(lines))
}

/// The labels that at least two groups for training have, but for some: `O`, then those of each entity.
fn trainable(all: &[Vec<String>], rows: &[Row], without: &[String]) -> Vec<String> {
    let mut groups: HashMap<&str, HashSet<usize>> = HashMap::new();
    for (labels, row) in all.iter().zip(rows).filter(|(_, row)| !row.held_out) {
        for label in labels.iter().filter(|label| !without.contains(label)) {
            groups.entry(label).or_default().insert(row.group);
        }
    }
    let enough = groups.into_iter().filter(|(_, groups)| groups.len() >= 2);
    let in_order = |label: &str| {
        let (letter, entity) = label.split_once('-').unwrap_or(("", label));
        (label != OUTSIDE, entity.to_owned(), letter.to_owned(), label.to_owned())
    };
    let labels: BTreeSet<_> = enough.map(|(label, _)| in_order(label)).collect();
    labels.into_iter().map(|(_, _, _, label)| label).collect()
}

/// A token in brackets among its neighbours.
fn in_context(text: &[char], token: &Range<usize>) -> String {
    let (from, to) = (token.start.saturating_sub(CONTEXT), text.len().min(token.end + CONTEXT));
    let part = |range: Range<usize>| text[range].iter().collect::<String>();
    let shown = [
        if from > 0 { "…" } else { "" },
        &part(from..token.start),
        "[",
        &part(token.clone()),
        "]",
        &part(token.end..to),
        if to < text.len() { "…" } else { "" },
    ];
    shown.concat()
}
