//! The report of a training run, which is part of a head's description.

use serde::{Deserialize, Serialize};

use crate::training::data::{Dataset, HELD_OUT_RULE, Source, Split};
use crate::training::evaluation::CrossValidationScores;
use crate::training::features::LongTexts;
use crate::training::fit::linear::Convergence;
use crate::training::fit::{Calibration, ChosenOn, ResolvedMethod, SearchTrials, ThresholdChoice};
use crate::training::metrics::{Assessment, EntityScores};
use crate::training::options::{ClassWeights, HiddenLayers, Method, TrainingOptions};

/// Stored in `head.json`. The same data, features and seed give the same report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingReport {
    /// The file.
    pub data: Source,
    /// The file of the held-out rows, if they have one of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Source>,
    /// How its rows were read.
    #[serde(flatten)]
    pub input: TrainingInput,
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
    /// Whether that is the first or the last strength that may be tried: a better one may lie beyond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength_bound: Option<StrengthBound>,
    /// Where the last fit of one layer ended, over all rows that are not held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub convergence: Option<Convergence>,
    /// Hidden layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<HiddenLayers>,
    /// Epochs of the last fit of hidden layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Everything that was tried, in order.
    pub search: SearchTrials,
    /// The rows that the trials were scored on.
    pub chosen_on: ChosenOn,
    /// The temperature, and its effect on the training rows out of fold; none in a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// How the thresholds of a multi-label problem were chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<ThresholdChoice>,
    /// Micro F1 on the held-out rows with thresholds of 0.5, if that is better than with the chosen ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_f1_at_half: Option<f64>,
    /// Scores of all rows, each by a fit that has not seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_validation: Option<CrossValidationScores>,
    /// Scores of the finished head, with its temperature and thresholds.
    pub held_out: Assessment,
    /// If the rows are tokens: the scores of the entities of the held-out texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entities: Option<EntityScores>,
}

/// An end of the strengths that may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrengthBound {
    /// The strongest regularisation.
    Smallest,
    /// The weakest regularisation.
    Largest,
}

impl StrengthBound {
    /// The end at which the chosen strength is, if it is at one of several strengths.
    pub fn new(method: &Method, chosen: ResolvedMethod<'_>) -> Option<Self> {
        let (Method::Linear { strengths }, ResolvedMethod::Linear { strength }) = (method, chosen)
        else {
            return None;
        };
        match strengths.as_slice() {
            [first, .., _] if *first == strength => Some(Self::Smallest),
            [_, .., last] if *last == strength => Some(Self::Largest),
            _ => None,
        }
    }
}

/// How the rows of a file were read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingInput {
    /// The column of second texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<String>,
    /// The column whose equal values made rows a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What happened to texts with more tokens than a sequence can have.
    #[serde(default, skip_serializing_if = "LongTexts::is_truncate")]
    pub long_texts: LongTexts,
    /// Texts that were truncated.
    #[serde(default)]
    pub truncated: usize,
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
    /// A report without convergence, calibration, thresholds and cross-validation, chosen on the
    /// validation part, of texts of which none was long.
    pub fn new(
        dataset: &Dataset,
        split: &Split,
        options: &TrainingOptions,
        method: ResolvedMethod<'_>,
        search: SearchTrials,
        held_out: Assessment,
    ) -> Self {
        let (strength, hidden, epochs) = match method {
            ResolvedMethod::Linear { strength } => (Some(strength), None, None),
            ResolvedMethod::Hidden { hidden, epochs, .. } => {
                (None, Some(hidden.clone()), Some(epochs))
            }
        };
        Self {
            data: dataset.source.clone(),
            test: dataset.test.clone(),
            input: TrainingInput::default(),
            rows: SplitSizes {
                fitting: split.fitting.len(),
                validation: split.validation.len(),
                held_out: split.held_out.len(),
            },
            split: match &dataset.test {
                None => HELD_OUT_RULE.to_owned(),
                Some(test) => format!("held out are the rows of {}", test.file),
            },
            seed: options.seed,
            class_weights: options.class_weights,
            strength,
            strength_bound: None,
            convergence: None,
            hidden,
            epochs,
            search,
            chosen_on: ChosenOn::Validation,
            calibration: None,
            thresholds: None,
            micro_f1_at_half: None,
            cross_validation: None,
            held_out,
            entities: None,
        }
    }
}
