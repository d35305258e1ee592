//! Scores of a finished head that classifies tokens.

use std::fmt;

use serde::Serialize;

use super::evaluate::ScoredRows;
use crate::charts::text_table;
use crate::model::head::Head;
use crate::training::data::{Note, Source};
use crate::training::features::Features;
use crate::training::metrics::EntityScores;
use crate::training::tagging::TaggingData;

/// The scores of a head on marked texts. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaggingEvaluation {
    /// The head's name.
    pub head: String,
    /// The head's version; see [`Head::version`].
    pub version: String,
    /// The file.
    pub data: Source,
    /// Which texts were scored, and how they were read.
    #[serde(flatten)]
    pub scored: ScoredRows,
    /// The scores of the entities, by the words whose labels follow from the head's logits.
    #[serde(flatten)]
    pub entities: EntityScores,
    /// What is unusual about the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl TaggingEvaluation {
    /// Scores a head on texts whose tokens were read for its labels, by the `features` of the tokens;
    /// there is at least one.
    pub fn new(head: &Head, data: &TaggingData, features: &Features, scored: ScoredRows) -> Self {
        let rows: Vec<usize> = (0..features.rows).collect();
        let outputs = rows.iter().flat_map(|&row| head.logits(features.row(row)));
        let outputs: Vec<f64> = outputs.map(f64::from).collect();
        let dataset = &data.rows.dataset;
        Self {
            head: head.name().to_owned(),
            version: head.version().to_owned(),
            data: dataset.source.clone(),
            scored,
            entities: data.entities(&rows, &outputs),
            notes: dataset.notes.iter().map(Note::to_string).collect(),
        }
    }
}

impl fmt::Display for TaggingEvaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { head, version, data, entities, .. } = self;
        let texts = if self.scored.held_out { "held-out texts" } else { "texts" };
        writeln!(f, "{head} ({version}): {} {texts} of {}", entities.texts, data.file)?;
        let (headers, rows) = entities.table();
        write!(f, "{}\n\n{}", entities.line(), text_table(&headers, &rows))
    }
}
