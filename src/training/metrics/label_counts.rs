//! Counts of one label, and the scores that follow from them.

use serde::{Deserialize, Serialize};

/// Rows by whether they have a label and whether it is predicted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelCounts {
    /// Actual and predicted.
    pub true_positives: usize,
    /// Predicted but not actual.
    pub false_positives: usize,
    /// Actual but not predicted.
    pub false_negatives: usize,
    /// Neither.
    pub true_negatives: usize,
}

impl LabelCounts {
    /// The share of the rows for which it is predicted that have it; none if it is never predicted.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_positives)
    }

    /// The share of the rows that have it for which it is predicted; none if no row has it.
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// `2·TP / (2·TP + FP + FN)`; 0 where it is undefined.
    pub fn f1(&self) -> f64 {
        let Self { true_positives, false_positives, false_negatives, .. } = *self;
        share(2 * true_positives, 2 * true_positives + false_positives + false_negatives)
            .unwrap_or(0.0)
    }

    /// The rows that have it or for which it is predicted.
    pub fn listed(&self) -> usize {
        self.true_positives + self.false_positives + self.false_negatives
    }

    /// Counts a row.
    pub fn add(&mut self, actual: bool, predicted: bool) {
        let count = match (actual, predicted) {
            (true, true) => &mut self.true_positives,
            (false, true) => &mut self.false_positives,
            (true, false) => &mut self.false_negatives,
            (false, false) => &mut self.true_negatives,
        };
        *count += 1;
    }
}

fn share(part: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

/// F1 over all pairs of row and label.
pub fn micro_f1(counts: &[LabelCounts]) -> f64 {
    let sum = |count: fn(&LabelCounts) -> usize| counts.iter().map(count).sum();
    let together = LabelCounts {
        true_positives: sum(|label| label.true_positives),
        false_positives: sum(|label| label.false_positives),
        false_negatives: sum(|label| label.false_negatives),
        true_negatives: sum(|label| label.true_negatives),
    };
    together.f1()
}

/// The mean of the labels' F1.
pub fn macro_f1(counts: &[LabelCounts]) -> f64 {
    counts.iter().map(LabelCounts::f1).sum::<f64>() / counts.len() as f64
}

/// The mean of the labels' F1 over labels that are actual or predicted in some row, as in
/// scikit-learn.
pub fn macro_f1_of_listed(counts: &[LabelCounts]) -> f64 {
    let listed: Vec<LabelCounts> =
        counts.iter().filter(|count| count.listed() > 0).copied().collect();
    macro_f1(&listed)
}

/// The scores of one label. Shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelScores {
    /// Its name.
    pub label: String,
    /// Rows that have it.
    pub rows: usize,
    /// Of the rows for which it is predicted, the share that have it; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
    /// Of the rows that have it, the share for which it is predicted; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<f64>,
    /// 0 where it is undefined.
    pub f1: f64,
    /// The probability from which it is predicted, in a multi-label problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
    /// See [`average_precision`](super::average_precision::average_precision); in a multi-label problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_precision: Option<f64>,
}

impl LabelScores {
    /// Without threshold and average precision.
    pub fn new(label: &str, counts: &LabelCounts) -> Self {
        Self {
            label: label.to_owned(),
            rows: counts.true_positives + counts.false_negatives,
            precision: counts.precision(),
            recall: counts.recall(),
            f1: counts.f1(),
            threshold: None,
            average_precision: None,
        }
    }
}

/// A table of the scores: headers, and one row per label. Thresholds and average precisions have a
/// column if there are any.
pub fn label_table(scores: &[LabelScores]) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let percent = |share: Option<f64>| {
        share.map_or("–".to_owned(), |share| format!("{:.2} %", 100.0 * share))
    };
    let thresholds = scores.iter().any(|label| label.threshold.is_some());
    let average_precisions = scores.iter().any(|label| label.average_precision.is_some());
    let mut headers = vec!["label", "rows", "precision", "recall", "F1"];
    headers.extend(average_precisions.then_some("average precision"));
    headers.extend(thresholds.then_some("threshold"));
    let row = |label: &LabelScores| {
        let LabelScores { label, rows, precision, recall, f1, threshold, average_precision } =
            label;
        let shares = [*precision, *recall, Some(*f1)].map(percent);
        let mut row = [vec![label.clone(), rows.to_string()], shares.to_vec()].concat();
        row.extend(average_precisions.then(|| percent(*average_precision)));
        let threshold =
            || threshold.map_or("–".to_owned(), |threshold| format!("{threshold:.4}"));
        row.extend(thresholds.then(threshold));
        row
    };
    (headers, scores.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_that_are_undefined_are_absent() {
        let counts = |true_positives, false_positives, false_negatives| LabelCounts {
            true_positives,
            false_positives,
            false_negatives,
            true_negatives: 5,
        };
        let all = counts(2, 1, 2);
        assert_eq!((all.precision(), all.recall()), (Some(2.0 / 3.0), Some(0.5)));
        assert!((all.f1() - 4.0 / 7.0).abs() < 1e-15);
        let never = counts(0, 0, 3);
        assert_eq!((never.precision(), never.recall(), never.f1()), (None, Some(0.0), 0.0));
        let missing = counts(0, 2, 0);
        assert_eq!((missing.precision(), missing.recall()), (Some(0.0), None));
        let counts = [all, LabelCounts::default()];
        assert!((macro_f1(&counts) - 2.0 / 7.0).abs() < 1e-15);
        assert!((macro_f1_of_listed(&counts) - 4.0 / 7.0).abs() < 1e-15);
        assert!((micro_f1(&counts) - 4.0 / 7.0).abs() < 1e-15);
    }

    #[test]
    fn the_table_has_columns_for_what_there_is() {
        let counts = LabelCounts { true_positives: 1, false_negatives: 2, ..Default::default() };
        let plain = LabelScores::new("a", &counts);
        let (headers, rows) = label_table(std::slice::from_ref(&plain));
        assert_eq!(headers, ["label", "rows", "precision", "recall", "F1"]);
        assert_eq!(rows, [["a", "3", "100.00 %", "33.33 %", "50.00 %"]]);
        let several = LabelScores {
            threshold: Some(0.0042),
            average_precision: Some(0.5),
            precision: None,
            ..plain
        };
        let (headers, rows) = label_table(&[several]);
        assert_eq!(headers[5..], ["average precision", "threshold"]);
        assert_eq!(rows[0][2..], ["–", "33.33 %", "50.00 %", "50.00 %", "0.0042"]);
    }
}
