//! The rows of a labelled file and their labels.

use serde::{Deserialize, Serialize};

use super::notes::Note;
use super::targets::Targets;
use crate::model::checkpoint::ProblemType;

/// Rows in the order of the file, at least one.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Texts.
    pub rows: Vec<Row>,
    /// The label or number of each row. In a data set for training, each label has at least two
    /// texts that aren't held out.
    pub targets: Targets,
    /// The labels, in the order of a head's logits: numerical if all are integers, otherwise
    /// alphabetical. For a regression only the name of the label column.
    pub labels: Vec<String>,
    /// The file.
    pub source: Source,
    /// What is unusual about the file, and what was left out.
    pub notes: Vec<Note>,
}

/// A text without surrounding white space, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The text to classify.
    pub text: String,
    /// Its line in the file, counted from 1.
    pub line: u64,
}

/// The file that rows were read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file's name without its folder.
    pub file: String,
    /// SHA-256 of the whole file, in hexadecimal.
    pub sha256: String,
    /// Whether the first line was read as a header, not as a row. See [`Dataset::read`].
    pub header: bool,
}

impl Dataset {
    /// The rows with these numbers, in that order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            rows: rows.iter().map(|&row| self.rows[row].clone()).collect(),
            targets: self.targets.select(rows),
            ..self.clone()
        }
    }

    /// The problem type of a head that learns these targets.
    pub fn problem_type(&self) -> ProblemType {
        self.targets.problem_type()
    }
}
