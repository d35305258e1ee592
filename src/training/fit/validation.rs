//! The choices on the validation part: settings, temperature, thresholds.

use super::decision_rule::DecisionRule;
use super::method::ResolvedMethod;
use super::prepared::Preprocessor;
use super::search::{SearchResult, search};
use super::training_data::TrainingData;
use super::trials::SearchTrials;
use super::{temperature, thresholds};
use crate::training::data::{Split, Targets};
use crate::training::error::TrainError;
use crate::training::options::TrainingOptions;
use crate::training::stage::Stage;

/// The choices that were made on the validation part.
pub struct Choice<'a> {
    /// How to fit.
    pub method: ResolvedMethod<'a>,
    /// A start for the next fit of one layer.
    pub start: Option<Vec<f64>>,
    /// Everything that was tried.
    pub trials: SearchTrials,
    /// From logits to predictions.
    pub decision: DecisionRule,
}

/// Chooses settings, temperature and thresholds. The validation part alone scores them; `fitting`
/// is fitted.
///
/// # Errors
/// A failed fit.
pub fn choose<'a>(
    data: TrainingData<'_>,
    split: &Split,
    options: &'a TrainingOptions,
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<Choice<'a>, TrainError> {
    let preprocessor = Preprocessor::new(data, &split.fitting);
    let fitting = preprocessor.prepare(&split.fitting)?;
    let validation = preprocessor.prepare(&split.validation)?;
    let SearchResult { method, layers, start, trials } =
        search(&fitting, &validation, options, progress)?;
    let logits = layers.forward(&validation.x)?;
    let calibration = temperature::fit(&logits, &validation.y)?;
    let mut decision = DecisionRule { calibration, thresholds: None };
    if let Targets::MultiLabel(rows) = &validation.y {
        decision.thresholds = Some(thresholds::fit(&decision.scale(logits), rows));
    }
    Ok(Choice { method, start, trials, decision })
}
