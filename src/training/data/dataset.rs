//! Rows of a labelled file, and what they are labelled with.

use serde::{Deserialize, Serialize};

use super::notes::Note;
use super::targets::Targets;
use crate::model::checkpoint::ProblemType;

/// Rows in the order of the file, at least one.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// What there is to learn from.
    pub rows: Vec<Row>,
    /// What each row is labelled with. For training each label has at least two texts that aren't held
    /// out.
    pub targets: Targets,
    /// The labels, in the order of a head's logits: by number where all are integers and
    /// alphabetically otherwise. Of numbers the column's name alone.
    pub labels: Vec<String>,
    /// Where it came from.
    pub source: Source,
    /// What was odd about it, and what was done.
    pub notes: Vec<Note>,
}

/// A text without the white space around it, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What is classified.
    pub text: String,
    /// Where it stands in the file, counted from 1.
    pub line: u64,
}

/// Which file the rows came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file's name without its folder.
    pub file: String,
    /// Of the whole file, in hexadecimal.
    pub sha256: String,
    /// Whether the first line was taken as a header and so is no row. See [`Dataset::read`].
    pub header: bool,
}

impl Dataset {
    /// The rows of these numbers, in their order.
    #[must_use]
    pub fn of(&self, rows: &[usize]) -> Self {
        Self {
            rows: rows.iter().map(|&row| self.rows[row].clone()).collect(),
            targets: self.targets.of(rows),
            ..self.clone()
        }
    }

    /// What a head is asked for that learns this.
    pub fn problem_type(&self) -> ProblemType {
        self.targets.problem_type()
    }
}
