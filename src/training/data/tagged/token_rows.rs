//! From marked texts to rows of tokens, each with one label.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::path::PathBuf;

use super::read::TaggedDataset;
use super::text::Span;
use crate::training::data::dataset::{Dataset, Row};
use crate::training::data::error::{DatasetError, DatasetErrorKind};
use crate::training::data::notes::{LabelRows, Note};
use crate::training::data::targets::Targets;

/// The label of what is in no entity.
pub const OUTSIDE: &str = "O";

/// Characters on both sides of a token that a report shows.
const CONTEXT: usize = 40;

/// Tokens as the rows of a data set, and where they are.
#[derive(Debug, Clone)]
pub struct TokenRows {
    /// A row for each token: its text is the token among its neighbours; its group and whether it is held
    /// out are those of the text.
    pub dataset: Dataset,
    /// For each row its text and its token there, ascending.
    pub places: Vec<(usize, usize)>,
}

/// The label of each piece of a text: `B-` and the entity's label for the first piece with a character of
/// the entity, `I-` for the others, `O` for those without.
pub fn labels_of<'p>(
    pieces: impl IntoIterator<Item = &'p Range<usize>>,
    spans: &[Span],
) -> Vec<String> {
    let mut begun = None;
    let label = |piece: &Range<usize>| {
        let Some(at) = spans.iter().position(|span| span.overlaps(piece)) else {
            return OUTSIDE.to_owned();
        };
        let letter = if begun.replace(at) == Some(at) { "I" } else { "B" };
        format!("{letter}-{}", spans[at].label)
    };
    pieces.into_iter().map(label).collect()
}

impl TokenRows {
    /// The rows of tokens, which are at `tokens` in each text. With `known`, the labels are those of a
    /// head; otherwise those that at least two groups for training have. Of other labels, tokens that are
    /// held out are kept, with the index after the last; others are left out and noted.
    ///
    /// # Errors
    /// There are fewer than two labels.
    pub fn new(
        tagged: &TaggedDataset,
        tokens: &[Vec<Range<usize>>],
        known: Option<&[String]>,
    ) -> Result<Self, DatasetError> {
        let texts = &tagged.texts;
        let of_text =
            |(tokens, text): (&Vec<_>, &super::TaggedText)| labels_of(tokens, &text.spans);
        let all: Vec<Vec<String>> = tokens.iter().zip(&tagged.marked).map(of_text).collect();
        let labels = match known {
            Some(known) => known.to_vec(),
            None => trainable(&all, &texts.rows),
        };
        let index: HashMap<&str, usize> = labels.iter().map(String::as_str).zip(0..).collect();
        let (mut rows, mut targets, mut places) = (Vec::new(), Vec::new(), Vec::new());
        let mut others: BTreeMap<&str, LabelRows> = BTreeMap::new();
        for (text, (row, found)) in texts.rows.iter().zip(&all).enumerate() {
            let characters: Vec<char> = row.text.chars().collect();
            for (token, label) in found.iter().enumerate() {
                let target = index.get(label.as_str()).copied();
                if target.is_none() {
                    let new = || LabelRows::new(label, row.line);
                    others.entry(label).or_insert_with(new).rows += 1;
                    if !row.held_out {
                        continue;
                    }
                }
                let text_of_row = in_context(&characters, &tokens[text][token]);
                rows.push(Row { text: text_of_row, ..row.clone() });
                targets.push(target.unwrap_or(labels.len()));
                places.push((text, token));
            }
        }
        let mut notes = texts.notes.clone();
        let others: Vec<LabelRows> = others.into_values().collect();
        if !others.is_empty() {
            notes.push(match known {
                Some(_) => Note::UnknownLabels { labels: others, scored: true },
                None => Note::RareLabels(others),
            });
        }
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

/// The labels that at least two groups for training have: `O`, then those of each entity.
fn trainable(all: &[Vec<String>], rows: &[Row]) -> Vec<String> {
    let mut groups: HashMap<&str, HashSet<usize>> = HashMap::new();
    for (labels, row) in all.iter().zip(rows).filter(|(_, row)| !row.held_out) {
        for label in labels {
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
