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
    /// The file of the held-out rows, if they have one of their own.
    pub test: Option<Source>,
    /// What is unusual about the file, and what was left out.
    pub notes: Vec<Note>,
}

/// Texts are without surrounding white space, and never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The text to classify.
    pub text: String,
    /// The second text of a pair.
    pub pair: Option<String>,
    /// Its line in the file, counted from 1.
    pub line: u64,
    /// Rows with the same number are in one part and one fold: their texts are alike, or the file says
    /// that they belong together.
    pub group: usize,
    /// Whether the row is held out; the same for all rows of a group.
    pub held_out: bool,
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

    /// The rows with a held-out group.
    #[must_use]
    pub fn held_out(&self) -> Self {
        let rows: Vec<usize> =
            (0..self.rows.len()).filter(|&row| self.rows[row].held_out).collect();
        self.select(&rows)
    }

    /// The problem type of a head that learns these targets.
    pub fn problem_type(&self) -> ProblemType {
        self.targets.problem_type()
    }
}
