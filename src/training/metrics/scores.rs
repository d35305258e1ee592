//! Scores for each problem type.

use serde::{Deserialize, Serialize};

use super::metric::Metric;
use super::multi_label::MultiLabelScores;
use super::regression::RegressionScores;
use super::single_label::SingleLabelScores;
use crate::training::data::Targets;

/// Scores over some rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scores {
    /// Of a head that predicts one label.
    SingleLabel(SingleLabelScores),
    /// Of a head that predicts any number of labels.
    MultiLabel(MultiLabelScores),
    /// Of a head that predicts a number.
    Regression(RegressionScores),
}

impl Scores {
    /// Scores `outputs (n,k)`, row by row, against the targets of `n ≥ 1` rows. Outputs are logits
    /// after temperature, or numbers. In a multi-label problem a label is predicted from its
    /// threshold on; `thresholds` is `(k)`, by default 0.5.
    pub fn new(outputs: &[f64], targets: &Targets, thresholds: Option<&[f32]>) -> Self {
        let k = outputs.len() / targets.len();
        match targets {
            Targets::SingleLabel(labels) => {
                Self::SingleLabel(SingleLabelScores::new(outputs, labels, k))
            }
            Targets::MultiLabel(rows) => {
                Self::MultiLabel(MultiLabelScores::new(outputs, rows, k, thresholds))
            }
            Targets::Regression(numbers) => {
                Self::Regression(RegressionScores::new(outputs, numbers))
            }
        }
    }

    /// The metrics to show. Recipes are compared by the first two; the first is better if it is
    /// larger.
    pub fn metrics(&self) -> Vec<Metric> {
        let share = |name, value| Metric { name, value, share: true };
        let other = |name, value| Metric { name, value, share: false };
        match self {
            Self::SingleLabel(SingleLabelScores { accuracy, macro_f1, log_loss, .. }) => vec![
                share("accuracy", *accuracy),
                share("macro F1", *macro_f1),
                other("log loss", *log_loss),
            ],
            Self::MultiLabel(MultiLabelScores {
                micro_f1,
                macro_f1,
                average_precision,
                accuracy,
                log_loss,
                ..
            }) => vec![
                share("micro F1", *micro_f1),
                share("macro F1", *macro_f1),
                share("average precision", *average_precision),
                share("subset accuracy", *accuracy),
                other("log loss", *log_loss),
            ],
            Self::Regression(RegressionScores { r2, rmse, mae }) => {
                vec![other("R²", *r2), other("RMSE", *rmse), other("MAE", *mae)]
            }
        }
    }

    /// The share of rows that are correct in all labels; none in a regression.
    pub fn accuracy(&self) -> Option<f64> {
        match self {
            Self::SingleLabel(scores) => Some(scores.accuracy),
            Self::MultiLabel(scores) => Some(scores.accuracy),
            Self::Regression(_) => None,
        }
    }

    /// Natural logarithm; in a multi-label problem the mean over labels; none in a regression.
    pub fn log_loss(&self) -> Option<f64> {
        match self {
            Self::SingleLabel(scores) => Some(scores.log_loss),
            Self::MultiLabel(scores) => Some(scores.log_loss),
            Self::Regression(_) => None,
        }
    }
}
