//! The choice of settings before the last fit.

use serde::{Deserialize, Serialize};

use super::fold_search::{FoldSearchResult, search_strength};
use super::method::ResolvedMethod;
use super::out_of_fold::{FoldedRows, OutOfFold};
use super::prepared::Preprocessor;
use super::search::{SearchResult, search};
use super::training_data::TrainingData;
use super::trials::SearchTrials;
use crate::training::data::Split;
use crate::training::error::TrainError;
use crate::training::options::{Method, TrainingOptions};
use crate::training::stage::Stage;

/// With fewer training rows, the strength of one layer is chosen by all folds.
const FEW_ROWS: usize = 2_000;

/// The choices.
pub struct Choice<'a> {
    /// How to fit.
    pub method: ResolvedMethod<'a>,
    /// A start for the next fit of one layer.
    pub start: Option<Vec<f64>>,
    /// Everything that was tried.
    pub trials: SearchTrials,
    /// The rows that the trials were scored on.
    pub chosen_on: ChosenOn,
    /// The outputs of all training rows out of fold, with the chosen method.
    pub outputs: OutOfFold,
}

/// Rows that settings were chosen on, none of which was fitted then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenOn {
    /// The validation part.
    Validation,
    /// All training rows, each by a fit of the other folds.
    OutOfFold,
}

impl ChosenOn {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Validation => "on the validation part",
            Self::OutOfFold => "out of fold",
        }
    }
}

/// Chooses settings by their loss: with few rows the strength of one layer by all `folds`, otherwise
/// settings on the validation part. Also gives the outputs of all training rows out of fold, by which
/// temperature and thresholds are chosen. `folds` are those of [`Split::training`].
///
/// # Errors
/// A failed fit.
pub fn choose<'a>(
    data: TrainingData<'_>,
    split: &Split,
    folds: &[usize],
    options: &'a TrainingOptions,
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<Choice<'a>, TrainError> {
    let training = split.training();
    let count = folds.iter().max().map_or(0, |last| last + 1);
    let rows = FoldedRows { data, rows: &training, folds, count };
    match &options.method {
        Method::Linear { strengths } if training.len() < FEW_ROWS => {
            let FoldSearchResult { method, outputs, trials } =
                search_strength(rows, strengths, progress)?;
            Ok(Choice {
                method,
                start: None,
                trials: SearchTrials::Strengths(trials),
                chosen_on: ChosenOn::OutOfFold,
                outputs,
            })
        }
        _ => {
            let preprocessor = Preprocessor::new(data, &split.fitting);
            let fitting = preprocessor.prepare(&split.fitting)?;
            let validation = preprocessor.prepare(&split.validation)?;
            let SearchResult { method, start, trials } =
                search(&fitting, &validation, options, progress)?;
            let mut done = 0;
            let outputs = rows.outputs(method, start.as_deref(), &mut || {
                done += 1;
                progress(Stage::OutOfFold { done, count });
            })?;
            let chosen_on = ChosenOn::Validation;
            Ok(Choice { method, start, trials, chosen_on, outputs })
        }
    }
}
