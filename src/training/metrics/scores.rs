//! How good a head's outputs are, given the right answers.

use serde::{Deserialize, Serialize};

use super::metric::Metric;
use super::multi_label::SeveralScores;
use super::regression::NumberScores;
use super::single_label::OneScores;
use crate::model::head::DEFAULT_THRESHOLD;
use crate::training::data::Targets;

/// Scores over some rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scores {
    /// Of a head that chooses one label.
    One(OneScores),
    /// Of a head that names any number of labels.
    Several(SeveralScores),
    /// Of a head that gives a number.
    Number(NumberScores),
}

impl Scores {
    /// `outputs (n,k)` row by row: logits over the temperature, or numbers; one target a row, at least
    /// one row. `thresholds (k)` say from which probability on a label is named, where several may be;
    /// without them 0.5.
    pub fn of(outputs: &[f64], targets: &Targets, thresholds: Option<&[f32]>) -> Self {
        let k = outputs.len() / targets.len();
        match targets {
            Targets::One(labels) => Self::One(OneScores::of(outputs, labels, k)),
            Targets::Several(rows) => {
                let half = vec![DEFAULT_THRESHOLD; k];
                let thresholds = thresholds.unwrap_or(&half);
                Self::Several(SeveralScores::of(outputs, rows, thresholds))
            }
            Targets::Number(numbers) => Self::Number(NumberScores::of(outputs, numbers)),
        }
    }

    /// What there is to tell. The first two are what recipes are compared by; more of the first is
    /// better.
    pub fn metrics(&self) -> Vec<Metric> {
        let share = |name, value| Metric { name, value, share: true };
        let other = |name, value| Metric { name, value, share: false };
        match self {
            Self::One(OneScores { accuracy, macro_f1, log_loss, .. }) => vec![
                share("accuracy", *accuracy),
                share("macro F1", *macro_f1),
                other("log loss", *log_loss),
            ],
            Self::Several(SeveralScores { micro_f1, macro_f1, accuracy, log_loss, .. }) => vec![
                share("micro F1", *micro_f1),
                share("macro F1", *macro_f1),
                share("all labels right", *accuracy),
                other("log loss", *log_loss),
            ],
            Self::Number(NumberScores { r2, rmse, mae }) => {
                vec![other("R²", *r2), other("RMSE", *rmse), other("MAE", *mae)]
            }
        }
    }

    /// `accuracy 80.00 %, macro F1 79.00 %, log loss 0.4200`
    pub fn line(&self) -> String {
        let metrics = self.metrics();
        let told = metrics.iter().map(|of| format!("{} {}", of.name, of.show()));
        told.collect::<Vec<_>>().join(", ")
    }

    /// The share of rows that are right in all; none for numbers.
    pub fn accuracy(&self) -> Option<f64> {
        match self {
            Self::One(scores) => Some(scores.accuracy),
            Self::Several(scores) => Some(scores.accuracy),
            Self::Number(_) => None,
        }
    }

    /// Natural logarithm, of several labels the mean over them; none for numbers.
    pub fn log_loss(&self) -> Option<f64> {
        match self {
            Self::One(scores) => Some(scores.log_loss),
            Self::Several(scores) => Some(scores.log_loss),
            Self::Number(_) => None,
        }
    }
}
