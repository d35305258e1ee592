//! The report of a training run, which is part of a head's description.

use serde::{Deserialize, Serialize};

use crate::training::data::{Dataset, HELD_OUT_RULE, Source, Split};
use crate::training::evaluation::CrossValidationScores;
use crate::training::fit::linear::Convergence;
use crate::training::fit::{Calibration, ResolvedMethod, SearchTrials};
use crate::training::metrics::Scores;
use crate::training::options::{ClassWeights, HiddenLayers, TrainingOptions};

/// Stored in `head.json`. The same data, features and seed give the same report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingReport {
    /// The file.
    pub data: Source,
    /// Its rows in each part.
    pub rows: SplitSizes,
    /// The rule by which rows were held out, in words.
    pub split: String,
    /// Seed of all random choices.
    pub seed: u64,
    /// How much the rows of a label counted.
    #[serde(default, skip_serializing_if = "ClassWeights::is_none")]
    pub class_weights: ClassWeights,
    /// The chosen regularisation strength of one layer, `C` as in scikit-learn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// Where the last fit of one layer ended, over all rows that are not held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub convergence: Option<Convergence>,
    /// Hidden layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<HiddenLayers>,
    /// Epochs of the last fit of hidden layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Everything that was tried, in order, with its scores on the validation part.
    pub search: SearchTrials,
    /// The temperature, and its effect on the validation part; none in a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Scores of all rows, each by a fit that has not seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_validation: Option<CrossValidationScores>,
    /// Scores of the finished head, with its temperature and thresholds.
    pub held_out: Scores,
}

/// Number of rows in each part. The last fit takes `fitting` and `validation` together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitSizes {
    /// Fitted with each setting.
    pub fitting: usize,
    /// Used to choose a setting.
    pub validation: usize,
    /// Used to score the result.
    pub held_out: usize,
}

impl TrainingReport {
    /// A report without convergence, calibration and cross-validation.
    pub fn new(
        dataset: &Dataset,
        split: &Split,
        options: &TrainingOptions,
        method: ResolvedMethod<'_>,
        search: SearchTrials,
        held_out: Scores,
    ) -> Self {
        let (strength, hidden, epochs) = match method {
            ResolvedMethod::Linear { strength } => (Some(strength), None, None),
            ResolvedMethod::Hidden { hidden, epochs, .. } => {
                (None, Some(hidden.clone()), Some(epochs))
            }
        };
        Self {
            data: dataset.source.clone(),
            rows: SplitSizes {
                fitting: split.fitting.len(),
                validation: split.validation.len(),
                held_out: split.held_out.len(),
            },
            split: HELD_OUT_RULE.to_owned(),
            seed: options.seed,
            class_weights: options.class_weights,
            strength,
            convergence: None,
            hidden,
            epochs,
            search,
            calibration: None,
            cross_validation: None,
            held_out,
        }
    }
}
