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

pub mod cache;
pub mod candidate;
pub mod comparison;
pub mod cross;
pub mod dataset;
pub mod encode;
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
pub mod prepared;
pub mod report;
pub mod search;
pub mod split;
mod table;
pub mod targets;
pub mod temperature;
pub mod thresholds;

pub use cache::Cache;
pub use dataset::{Column, Dataset, DatasetError, Layout, read_texts};
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
use report::PartSizes;
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
    pub layers: Option<usize>,
    /// In how many parts all rows are cross-validated besides; none for not at all, else at least 2.
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
    /// Logits are divided by it.
    pub temperature: f64,
    /// Where several labels may hold, how probable each must be to be named, `(k)`.
    pub thresholds: Option<Vec<f32>>,
    /// For `head.json`.
    pub report: Report,
    /// The rows held out, and what the head puts out for them, over the temperature, `(n,k)`.
    pub held_out: (Vec<usize>, Vec<f64>),
}

/// Why nothing could be trained. Rows and columns are counted from 0.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Features of other data.
    #[error("{features} rows of features for {rows} rows of data")]
    RowsDiffer {
        /// Rows of the features.
        features: usize,
        /// Rows of the data.
        rows: usize,
    },
    /// An encoder that gave infinity or no number.
    #[error("feature {column} of row {row} is not a finite number")]
    NotFinite {
        /// Which text.
        row: usize,
        /// Which of its features.
        column: usize,
    },
    /// Settings that can't be used.
    #[error("strengths must be above 0 and ascending, at least one; these are {0:?}")]
    Strengths(Vec<f64>),
    /// Numbers have no labels to weigh.
    #[error("class weights go with labels; these rows have numbers")]
    NothingToWeigh,
    /// More folds than texts.
    #[error("{folds} folds of {rows} rows would leave one of them empty")]
    EmptyFold {
        /// How many were asked for.
        folds: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// Descent that was to make no pass.
    #[error("descent needs at least one pass over the rows")]
    NoEpochs,
    /// A fit that left the numbers.
    #[error(
        "no setting gave a loss that is a number; with hidden layers, try a smaller learning rate"
    )]
    NoLoss,
    /// Too little data for its parts.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// A tensor operation failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    /// The solver failed, which is not the same as not converging.
    #[error("the solver failed: {0}")]
    Solver(argmin::core::Error),
}

/// Splits; finds the settings, the temperature and, where several labels may hold, their thresholds on
/// the validation part; fits all training rows with those settings, takes the standardisation into the
/// layers, and scores the result on the rows held out.
///
/// # Errors
/// Data that can't be split, features that don't fit it, unusable settings. A fit that doesn't
/// converge is no error: [`Report::convergence`] says so.
pub fn train(
    dataset: &Dataset,
    features: &Features,
    settings: &Settings,
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<Trained, TrainError> {
    check(dataset, features, settings)?;
    let split = Split::of(dataset, settings.seed)?;
    let data = Data {
        features,
        targets: &dataset.targets,
        outputs: dataset.labels.len(),
        class_weights: settings.class_weights,
        layers: settings.layers,
    };
    let (found, decision) = choose(data, &split, settings, progress)?;
    let Found { chosen, start, path, .. } = found;

    progress(Stage::Refitting(chosen));
    let training = split.training();
    let prepared = Prepared::of(data, &training);
    let (layers, convergence) =
        chosen.fit(&prepared.part(&training)?, linear::GRADIENT_NORM, start)?;
    let head = prepared.finish(&layers);

    let Decision { calibration, thresholds } = decision;
    let temperature = calibration.map_or(1.0, |calibration| calibration.temperature);
    let outputs = head.outputs(features, &split.held_out);
    let outputs: Vec<f64> = outputs.into_iter().map(|output| output / temperature).collect();
    let held_out =
        Scores::of(&outputs, &dataset.targets.of(&split.held_out), thresholds.as_deref());
    let mut folded = 0;
    let cross = settings.folds.map(|folds| {
        let (seed, thresholds) = (settings.seed, thresholds.as_deref());
        let plan = Plan { folds, seed, chosen, temperature, thresholds };
        cross::cross_validate(dataset, data, plan, &mut || {
            folded += 1;
            progress(Stage::Folded(folded));
        })
    });
    let (strength, epochs) = match chosen {
        Chosen::Linear { strength } => (Some(strength), None),
        Chosen::Hidden { epochs, .. } => (None, Some(epochs)),
    };
    let hidden = match &settings.method {
        Method::Linear { .. } => None,
        Method::Hidden(hidden) => Some(hidden.clone()),
    };
    let report = Report {
        data: dataset.source.clone(),
        rows: PartSizes {
            fitting: split.fitting.len(),
            validation: split.validation.len(),
            held_out: split.held_out.len(),
        },
        split: split::HELD_OUT_RULE.to_owned(),
        seed: settings.seed,
        class_weights: settings.class_weights,
        strength,
        convergence,
        hidden,
        epochs,
        search: path,
        calibration,
        cross_validation: cross.transpose()?,
        held_out,
    };
    let held_out = (split.held_out, outputs);
    Ok(Trained { head, temperature, thresholds, report, held_out })
}

/// What turns logits into answers.
struct Decision {
    calibration: Option<Calibration>,
    thresholds: Option<Vec<f32>>,
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
    let temperature = calibration.map_or(1.0, |calibration| calibration.temperature);
    let thresholds = match &validation.y {
        Targets::Several(rows) => {
            let scaled: Vec<f64> = logits.iter().map(|logit| logit / temperature).collect();
            Some(thresholds::fit(&scaled, rows))
        }
        Targets::One(_) | Targets::Number(_) => None,
    };
    Ok((found, Decision { calibration, thresholds }))
}

fn check(dataset: &Dataset, features: &Features, settings: &Settings) -> Result<(), TrainError> {
    if features.rows != dataset.rows.len() {
        return Err(TrainError::RowsDiffer { features: features.rows, rows: dataset.rows.len() });
    }
    if let Some((row, column)) = features.not_finite() {
        return Err(TrainError::NotFinite { row, column });
    }
    if matches!(dataset.targets, Targets::Number(_)) && !settings.class_weights.is_none() {
        return Err(TrainError::NothingToWeigh);
    }
    if let Method::Linear { strengths } = &settings.method {
        let usable = strengths.iter().all(|&strength| strength > 0.0 && strength.is_finite());
        if strengths.is_empty() || !usable || !strengths.is_sorted() {
            return Err(TrainError::Strengths(strengths.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests;
