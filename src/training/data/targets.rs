//! What a head learns: the label, the labels or the number of each row.

use crate::model::checkpoint::ProblemType;

/// One entry per row. Labels are indices into a list of names; where a head is scored, the index after
/// the last stands for all labels that it doesn't have.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// The row's one label.
    SingleLabel(Vec<usize>),
    /// The row's labels, ascending; there may be none.
    MultiLabel(Vec<Vec<usize>>),
    /// The row's number, finite.
    Regression(Vec<f64>),
}

impl Targets {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::SingleLabel(rows) => rows.len(),
            Self::MultiLabel(rows) => rows.len(),
            Self::Regression(rows) => rows.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The targets of the rows with these numbers, in that order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::SingleLabel(all) => Self::SingleLabel(pick(all, rows)),
            Self::MultiLabel(all) => Self::MultiLabel(pick(all, rows)),
            Self::Regression(all) => Self::Regression(pick(all, rows)),
        }
    }

    /// Appends other targets of the same kind.
    ///
    /// # Panics
    /// They are of another kind.
    pub fn extend(&mut self, other: Self) {
        match (self, other) {
            (Self::SingleLabel(all), Self::SingleLabel(more)) => all.extend(more),
            (Self::MultiLabel(all), Self::MultiLabel(more)) => all.extend(more),
            (Self::Regression(all), Self::Regression(more)) => all.extend(more),
            _ => panic!("targets of two kinds"),
        }
    }

    /// The problem type of a head that learns them.
    pub fn problem_type(&self) -> ProblemType {
        match self {
            Self::SingleLabel(_) => ProblemType::SingleLabelClassification,
            Self::MultiLabel(_) => ProblemType::MultiLabelClassification,
            Self::Regression(_) => ProblemType::Regression,
        }
    }

    /// The labels of a row; none in a regression.
    pub fn row_labels(&self, row: usize) -> &[usize] {
        match self {
            Self::SingleLabel(rows) => std::slice::from_ref(&rows[row]),
            Self::MultiLabel(rows) => &rows[row],
            Self::Regression(_) => &[],
        }
    }

    /// Whether a row has a label from `labels` on, which the head doesn't have.
    pub fn is_unknown(&self, row: usize, labels: usize) -> bool {
        self.row_labels(row).last().is_some_and(|&last| last >= labels)
    }

    /// The number of rows that have each of `labels` labels.
    pub fn counts(&self, labels: usize) -> Vec<usize> {
        let mut counts = vec![0; labels];
        for row in 0..self.len() {
            let known = self.row_labels(row).iter().filter(|&&label| label < labels);
            known.for_each(|&label| counts[label] += 1);
        }
        counts
    }
}

fn pick<T: Clone>(all: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter().map(|&row| all[row].clone()).collect()
}
