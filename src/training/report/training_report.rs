//! What a head says about how it was trained.

use serde::{Deserialize, Serialize};

use crate::training::data::{Dataset, HELD_OUT_RULE, Source, Split};
use crate::training::evaluation::CrossScores;
use crate::training::fit::linear::Convergence;
use crate::training::fit::{Calibration, Chosen, Tried};
use crate::training::metrics::Scores;
use crate::training::options::{ClassWeights, Hidden, Settings};

/// Stored in `head.json`. The same data, features and seed give the same report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The file.
    pub data: Source,
    /// Its rows in each part.
    pub rows: PartSizes,
    /// How rows were held out, in words.
    pub split: String,
    /// What was drawn with.
    pub seed: u64,
    /// What the rows of a label counted.
    #[serde(default, skip_serializing_if = "ClassWeights::is_none")]
    pub class_weights: ClassWeights,
    /// Of one layer the chosen strength of regularisation, `C` in scikit-learn's sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// Where the last fit of one layer ended, over all rows that are not held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub convergence: Option<Convergence>,
    /// Hidden layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Hidden>,
    /// Passes over the rows in the last fit of hidden layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Everything tried, in order, with its scores on the validation part.
    pub search: Tried,
    /// The temperature, and what it did for the validation part; none for numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Of all rows, each by a fit that has not seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_validation: Option<CrossScores>,
    /// Scores of the finished head, temperature and thresholds included.
    pub held_out: Scores,
}

/// Rows in each part. The last fit takes `fitting` and `validation` together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSizes {
    /// What each setting was fitted to.
    pub fitting: usize,
    /// What chose between them.
    pub validation: usize,
    /// What scored the result.
    pub held_out: usize,
}

impl Report {
    /// `fit` is what was chosen, where the last fit ended and what had been tried; `scores` the
    /// temperature, the folds' and those of the rows held out.
    pub fn of(
        dataset: &Dataset,
        split: &Split,
        settings: &Settings,
        fit: (Chosen<'_>, Option<Convergence>, Tried),
        scores: (Option<Calibration>, Option<CrossScores>, Scores),
    ) -> Self {
        let (chosen, convergence, search) = fit;
        let (calibration, cross_validation, held_out) = scores;
        let (strength, hidden, epochs) = match chosen {
            Chosen::Linear { strength } => (Some(strength), None, None),
            Chosen::Hidden { hidden, epochs, .. } => (None, Some(hidden.clone()), Some(epochs)),
        };
        Self {
            data: dataset.source.clone(),
            rows: PartSizes {
                fitting: split.fitting.len(),
                validation: split.validation.len(),
                held_out: split.held_out.len(),
            },
            split: HELD_OUT_RULE.to_owned(),
            seed: settings.seed,
            class_weights: settings.class_weights,
            strength,
            convergence,
            hidden,
            epochs,
            search,
            calibration,
            cross_validation,
            held_out,
        }
    }
}
