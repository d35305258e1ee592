//! From a labelled file to a head: read, split, fit, score.
//!
//! ```text
//! dataset (targets) ─► split ─┐
//!                             ├─► search (fit, metrics) ─► temperature, thresholds ─► fit again ─► score
//!           features ─────────┘
//! ```
//!
//! Features come in computed: only `encode`, which computes them, knows an encoder. Everything is
//! in float64 but the features and the finished weights. The same data, features and seed give the
//! same bytes.

mod cache;
pub mod candidate;
pub mod comparison;
pub mod cross;
pub mod dataset;
pub mod encode;
mod error;
pub mod evaluation;
pub mod features;
pub mod fit;
mod groups;
pub mod hidden;
mod html;
pub mod layers;
pub mod linear;
pub mod loss;
pub mod metrics;
pub mod pools;
pub mod prepared;
pub mod report;
pub mod search;
pub mod split;
mod table;
pub mod targets;
pub mod temperature;
pub mod thresholds;

pub use dataset::{Column, Dataset, DatasetError, Layout, read_texts};
pub use error::TrainError;
pub use features::{Features, save_features};
pub use hidden::Hidden;
pub use prepared::ClassWeights;
pub use report::Report;
pub use split::{Split, SplitError};
pub use targets::Targets;

use cross::Plan;
use fit::Chosen;
use metrics::Scores;
use prepared::{Data, Finished, Prepared};
use search::{Epoch, Found, Trial};
use temperature::Calibration;

/// What may be chosen about training.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What is drawn with: the validation part, and what descent draws.
    pub seed: u64,
    /// How layers are fitted.
    pub method: Method,
    /// What the rows of a label count.
    pub class_weights: ClassWeights,
    /// How many encoder layers lie side by side in the features, where their factors are to be learnt.
    pub tied: Option<usize>,
    /// In how many parts rows are cross-validated; none for not at all, else at least 2.
    pub folds: Option<usize>,
}

/// Which fully connected layers there are to be, and how they are fitted.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// One.
    Linear {
        /// Strengths to try, `C` in scikit-learn's sense: above 0 and ascending.
        strengths: Vec<f64>,
    },
    /// Several.
    Hidden(Hidden),
}

impl Default for Method {
    fn default() -> Self {
        Self::Linear { strengths: search::STRENGTHS.to_vec() }
    }
}

/// How far training is.
#[derive(Debug, Clone, Copy)]
pub enum Stage<'a> {
    /// A strength has been fitted and judged.
    Tried(&'a Trial),
    /// Descent has passed over the rows once more.
    Passed(&'a Epoch),
    /// What was chosen is being fitted to all rows that are not held out.
    Refitting(Chosen<'a>),
    /// So many folds of the cross-validation are done.
    Folded(usize),
}

/// Fully connected layers over features as the encoder gives them, and how they came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// What is served; labels in the order of [`Dataset::labels`].
    pub head: Finished,
    /// What turns its logits into answers.
    pub decision: Decision,
    /// For `head.json`.
    pub report: Report,
    /// The rows held out, and what the head puts out for them, over the temperature, `(n,k)`.
    pub held_out: (Vec<usize>, Vec<f64>),
}

/// Splits; finds the settings, the temperature and, where several labels may hold, their thresholds on
/// the validation part; fits all training rows with those settings, takes the standardisation into the
/// layers, and scores the result on the rows held out.
///
/// # Errors
/// As [`check`]; features that don't fit the data, a fit that comes to nothing. One that doesn't
/// converge is no error: [`Report::convergence`] says so.
pub fn train(
    dataset: &Dataset,
    features: &Features,
    settings: &Settings,
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<Trained, TrainError> {
    let split = check(dataset, settings)?;
    check_features(dataset, features)?;
    let data = Data::of(dataset, features, settings);
    let (found, decision) = choose(data, &split, settings, progress)?;
    let Found { chosen, start, tried, .. } = found;

    progress(Stage::Refitting(chosen));
    let training = split.training();
    let prepared = Prepared::of(data, &training);
    let (layers, convergence) = chosen.fit(&prepared.part(&training)?, linear::FINE, start)?;
    let head = prepared.finish(&layers);

    let outputs = decision.scale(head.outputs(features, &split.held_out));
    let right = dataset.targets.of(&split.held_out);
    let held_out = Scores::of(&outputs, &right, decision.thresholds.as_deref());
    let all: Vec<usize> = (0..dataset.rows.len()).collect();
    let mut folded = 0;
    let cross = settings.folds.map(|folds| {
        let plan = Plan { folds, seed: settings.seed, chosen, decision: &decision };
        cross::cross_validate(dataset, data, &all, plan, &mut || {
            folded += 1;
            progress(Stage::Folded(folded));
        })
    });
    let fit = (chosen, convergence, tried);
    let scores = (decision.calibration, cross.transpose()?, held_out);
    let report = Report::of(dataset, &split, settings, fit, scores);
    Ok(Trained { head, decision, report, held_out: (split.held_out, outputs) })
}

/// What turns logits into answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The temperature that logits are divided by; none for numbers.
    pub calibration: Option<Calibration>,
    /// Where several labels may hold, how probable each must be to be named, `(k)`.
    pub thresholds: Option<Vec<f32>>,
}

impl Decision {
    /// What logits are divided by.
    pub fn temperature(&self) -> f64 {
        self.calibration.map_or(1.0, |calibration| calibration.temperature)
    }

    /// Logits over the temperature.
    fn scale(&self, outputs: Vec<f64>) -> Vec<f64> {
        let temperature = self.temperature();
        outputs.into_iter().map(|output| output / temperature).collect()
    }
}

/// What is found on the validation part.
fn choose<'a>(
    data: Data<'_>,
    split: &Split,
    settings: &'a Settings,
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<(Found<'a>, Decision), TrainError> {
    let prepared = Prepared::of(data, &split.fitting);
    let (fitting, validation) = (prepared.part(&split.fitting)?, prepared.part(&split.validation)?);
    let method = (&settings.method, settings.seed);
    let found = search::search(&fitting, &validation, method, progress)?;
    let logits = found.layers.forward(&validation.x)?;
    let calibration = temperature::fit(&logits, &validation.y)?;
    let mut decision = Decision { calibration, thresholds: None };
    if let Targets::Several(rows) = &validation.y {
        decision.thresholds = Some(thresholds::fit(&decision.scale(logits), rows));
    }
    Ok((found, decision))
}

/// Whether there can be training, which is known before there are features: the parts of the data.
///
/// # Errors
/// Data that can't be split, unusable settings.
pub fn check(dataset: &Dataset, settings: &Settings) -> Result<Split, TrainError> {
    if matches!(dataset.targets, Targets::Number(_)) && !settings.class_weights.is_none() {
        return Err(TrainError::NothingToWeigh);
    }
    if let Method::Linear { strengths } = &settings.method {
        let usable = strengths.iter().all(|&strength| strength > 0.0 && strength.is_finite());
        if strengths.is_empty() || !usable || !strengths.is_sorted() {
            return Err(TrainError::Strengths(strengths.clone()));
        }
    }
    if let Some(folds) = settings.folds {
        check_folds(dataset, folds)?;
    }
    Ok(Split::of(dataset, settings.seed)?)
}

fn check_folds(dataset: &Dataset, folds: usize) -> Result<(), TrainError> {
    let texts = groups::strata(dataset).concat().len();
    if folds > texts { Err(TrainError::Folds { folds, texts }) } else { Ok(()) }
}

fn check_features(dataset: &Dataset, features: &Features) -> Result<(), TrainError> {
    if features.rows != dataset.rows.len() {
        return Err(TrainError::RowsDiffer { features: features.rows, rows: dataset.rows.len() });
    }
    match features.not_finite() {
        Some((row, column)) => Err(TrainError::NotFinite { line: dataset.rows[row].line, column }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests;
