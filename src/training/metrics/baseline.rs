//! What a constant would score, which any head has to beat.

use serde::{Deserialize, Serialize};

use super::multi_label::MultiLabelScores;
use super::regression::RegressionScores;
use crate::training::data::Targets;

/// The scores of predicting the same for every row: the label that most of the scored rows have, or
/// their mean number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// What is predicted.
    pub always: String,
    /// The share of rows for which that is correct; none in a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// Only in a multi-label problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_f1: Option<f64>,
    /// Root mean squared error, only in a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rmse: Option<f64>,
    /// Mean absolute error, only in a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mae: Option<f64>,
}

impl Baseline {
    /// Of at least one row; `labels (k)` are the names of the labels.
    pub fn new(targets: &Targets, labels: &[String]) -> Self {
        let n = targets.len() as f64;
        let counts = targets.counts(labels.len());
        // The first of equally frequent ones.
        let most = (0..counts.len()).rev().max_by_key(|&label| counts[label]).unwrap_or(0);
        let always = labels.get(most).cloned().unwrap_or_default();
        let none = Self { always, accuracy: None, micro_f1: None, rmse: None, mae: None };
        match targets {
            Targets::SingleLabel(_) => Self { accuracy: Some(counts[most] as f64 / n), ..none },
            Targets::MultiLabel(rows) => {
                let constant = |label| if label == most { 1.0 } else { -1.0 };
                let logits: Vec<f64> = (0..labels.len()).map(constant).collect();
                let scores =
                    MultiLabelScores::new(&logits.repeat(rows.len()), rows, labels.len(), None);
                let (accuracy, micro_f1) = (Some(scores.accuracy), Some(scores.micro_f1));
                Self { accuracy, micro_f1, ..none }
            }
            Targets::Regression(numbers) => {
                let mean = numbers.iter().sum::<f64>() / n;
                let scores = RegressionScores::new(&vec![mean; numbers.len()], numbers);
                let (rmse, mae) = (Some(scores.rmse), Some(scores.mae));
                Self { always: format!("{mean:.4}"), rmse, mae, ..none }
            }
        }
    }

    /// The score by the metric with this name, if it has one.
    pub fn of_metric(&self, name: &str) -> Option<f64> {
        match name {
            "accuracy" | "subset accuracy" => self.accuracy,
            "micro F1" => self.micro_f1,
            "RMSE" => self.rmse,
            "MAE" => self.mae,
            _ => None,
        }
    }

    /// `always "a": accuracy 52.00 %`
    pub fn line(&self) -> String {
        let Self { always, accuracy, micro_f1, rmse, .. } = self;
        match (micro_f1, accuracy, rmse) {
            (Some(micro_f1), ..) => {
                format!("always {always:?}: micro F1 {:.2} %", 100.0 * micro_f1)
            }
            (_, Some(accuracy), _) => {
                format!("always {always:?}: accuracy {:.2} %", 100.0 * accuracy)
            }
            (.., rmse) => format!("always {always}: RMSE {:.4}", rmse.unwrap_or(f64::NAN)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_label_is_predicted_for_all() {
        let labels = ["a", "b"].map(str::to_owned);
        let single = Baseline::new(&Targets::SingleLabel(vec![1, 0, 1, 2]), &labels);
        assert_eq!((single.always.as_str(), single.accuracy), ("b", Some(0.5)));
        let rows = vec![vec![0, 1], vec![0], vec![], vec![0]];
        let several = Baseline::new(&Targets::MultiLabel(rows), &labels);
        // Three of four predictions are right, and three of four labels found.
        assert_eq!((several.micro_f1, several.accuracy), (Some(0.75), Some(0.5)));
        assert_eq!(several.line(), "always \"a\": micro F1 75.00 %");
        let numbers = Baseline::new(&Targets::Regression(vec![1.0, 3.0]), &labels[..1]);
        assert_eq!((numbers.rmse, numbers.mae), (Some(1.0), Some(1.0)));
        assert_eq!(numbers.line(), "always 2.0000: RMSE 1.0000");
    }
}
