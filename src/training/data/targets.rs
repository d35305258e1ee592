//! What rows are labelled with, for the three things that a head can be asked for.

use crate::model::checkpoint::ProblemType;

/// One entry a row. Labels are places in a list of labels.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// The one label that holds.
    One(Vec<usize>),
    /// The labels that hold, ascending; there may be none.
    Several(Vec<Vec<usize>>),
    /// A number, finite.
    Number(Vec<f64>),
}

impl Targets {
    /// Rows.
    pub fn len(&self) -> usize {
        match self {
            Self::One(rows) => rows.len(),
            Self::Several(rows) => rows.len(),
            Self::Number(rows) => rows.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of some rows, in their order.
    #[must_use]
    pub fn of(&self, rows: &[usize]) -> Self {
        match self {
            Self::One(all) => Self::One(pick(all, rows)),
            Self::Several(all) => Self::Several(pick(all, rows)),
            Self::Number(all) => Self::Number(pick(all, rows)),
        }
    }

    /// What a head is asked for that learns them.
    pub fn problem_type(&self) -> ProblemType {
        match self {
            Self::One(_) => ProblemType::SingleLabelClassification,
            Self::Several(_) => ProblemType::MultiLabelClassification,
            Self::Number(_) => ProblemType::Regression,
        }
    }

    /// The labels that hold for a row; none where it has a number.
    pub fn labels_of(&self, row: usize) -> &[usize] {
        match self {
            Self::One(rows) => std::slice::from_ref(&rows[row]),
            Self::Several(rows) => &rows[row],
            Self::Number(_) => &[],
        }
    }

    /// In how many rows each of `labels` labels holds.
    pub fn counts(&self, labels: usize) -> Vec<usize> {
        let mut counts = vec![0; labels];
        for row in 0..self.len() {
            self.labels_of(row).iter().for_each(|&label| counts[label] += 1);
        }
        counts
    }
}

fn pick<T: Clone>(all: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter().map(|&row| all[row].clone()).collect()
}
