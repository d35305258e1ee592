//! From a labelled file to a head: read, split, fit, score.
//!
//! ```text
//! dataset (records) ─► split ─┐
//!                             ├─► search (fit, metrics) ─► temperature ─► fit again ─► fold ─► score
//!           features ─────────┘
//! ```
//!
//! Features come in computed: only `encode`, which computes them, knows an encoder. Everything is
//! in float64 but the features and the finished weights. The same data, features and seed give the
//! same bytes.

pub mod cache;
pub mod cross;
pub mod dataset;
pub mod encode;
pub mod evaluation;
pub mod features;
pub mod fit;
pub mod metrics;
mod records;
pub mod report;
pub mod search;
pub mod split;
pub mod temperature;
mod texts;

pub use cache::Cache;
pub use dataset::{Column, Dataset, DatasetError};
pub use features::{Features, save_features};
pub use report::Report;
pub use split::{Split, SplitError};
pub use texts::read_texts;

use features::Standardisation;
pub use fit::ClassWeights;

use cross::Plan;
use fit::Part;
use metrics::Scores;
use report::PartSizes;
use search::Trial;

/// What may be chosen about training.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What the validation part is drawn with.
    pub seed: u64,
    /// Strengths to try, `C` in scikit-learn's sense: above 0 and ascending.
    pub strengths: Vec<f64>,
    /// What the rows of a class count.
    pub class_weights: ClassWeights,
    /// In how many parts all rows are cross-validated besides; none for not at all, else at least 2.
    pub folds: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            strengths: search::STRENGTHS.to_vec(),
            class_weights: ClassWeights::default(),
            folds: None,
        }
    }
}

/// How far training is.
#[derive(Debug, Clone, Copy)]
pub enum Stage<'a> {
    /// A strength has been fitted and judged.
    Tried(&'a Trial),
    /// The best one is being fitted to all rows that are not held out.
    Refitting {
        /// As in [`Settings::strengths`].
        strength: f64,
    },
    /// So many folds of the cross-validation are done.
    Folded(usize),
}

/// A fully connected layer over features as the encoder gives them, and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// `(classes, width)`, row by row; the classes in the order of [`Dataset::labels`].
    pub weights: Vec<f32>,
    /// `(classes)`.
    pub bias: Vec<f32>,
    /// For `head.json`.
    pub report: Report,
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

/// Splits, finds the strength and then the temperature on the validation part, fits all training rows
/// with that strength, folds the standardisation in, and scores the result on the rows held out.
///
/// # Errors
/// Data that can't be split, features that don't fit it, unusable settings. A fit that doesn't
/// converge is no error: [`Report::converged`] says so.
pub fn train(
    dataset: &Dataset,
    features: &Features,
    settings: &Settings,
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<Trained, TrainError> {
    check(dataset, features, settings)?;
    let split = Split::of(dataset, settings.seed)?;
    let labels: Vec<usize> = dataset.rows.iter().map(|row| row.label).collect();
    let classes = dataset.labels.len();
    let counted = (classes, settings.class_weights);

    let (found, calibration) = {
        let scale = Standardisation::of(features, &split.fitting);
        let fitting = Part::new(features, &labels, &split.fitting, &scale, counted)?;
        let validation = Part::new(features, &labels, &split.validation, &scale, counted)?;
        let found = search::search(&fitting, &validation, &settings.strengths, progress)?;
        let (logits, labels) = search::logits(&found.parameters, &validation)?;
        (found, temperature::fit(&logits, &labels, classes)?)
    };

    let strength = found.strength;
    progress(Stage::Refitting { strength });
    let training = split.training();
    let scale = Standardisation::of(features, &training);
    let part = Part::new(features, &labels, &training, &scale, counted)?;
    let fitted = fit::fit(&part, strength, fit::GRADIENT_NORM, found.parameters)?;
    let (weights, bias) = fitted.weights_and_bias(classes);
    let (weights, bias) = scale.fold(weights, bias);

    let layer = (weights.as_slice(), bias.as_slice());
    let held_out = score(layer, calibration.temperature, features, &labels, &split.held_out);
    let mut folded = 0;
    let plan = |folds| Plan {
        folds,
        seed: settings.seed,
        strength,
        temperature: calibration.temperature,
        class_weights: settings.class_weights,
    };
    let cross = settings.folds.map(|folds| {
        cross::cross_validate(dataset, features, plan(folds), &mut || {
            folded += 1;
            progress(Stage::Folded(folded));
        })
    });
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
        iterations: fitted.iterations,
        gradient_norm: fitted.gradient_norm,
        converged: fitted.converged,
        search: found.trials,
        calibration,
        cross_validation: cross.transpose()?,
        held_out,
    };
    Ok(Trained { weights, bias, report })
}

fn check(dataset: &Dataset, features: &Features, settings: &Settings) -> Result<(), TrainError> {
    if features.rows != dataset.rows.len() {
        return Err(TrainError::RowsDiffer { features: features.rows, rows: dataset.rows.len() });
    }
    if let Some((row, column)) = features.not_finite() {
        return Err(TrainError::NotFinite { row, column });
    }
    let strengths = &settings.strengths;
    let usable = strengths.iter().all(|&strength| strength > 0.0 && strength.is_finite());
    if strengths.is_empty() || !usable || !strengths.is_sorted() {
        return Err(TrainError::Strengths(strengths.clone()));
    }
    Ok(())
}

/// Scores the weights as they will be served, on features as the encoder gives them.
fn score(
    (weights, bias): (&[f32], &[f32]),
    temperature: f64,
    features: &Features,
    labels: &[usize],
    rows: &[usize],
) -> Scores {
    let mut logits = Vec::with_capacity(rows.len() * bias.len());
    for &row in rows {
        let x = features.row(row);
        logits.extend(weights.chunks_exact(features.width).zip(bias).map(|(weights, &bias)| {
            let products =
                x.iter().zip(weights).map(|(&x, &weight)| f64::from(x) * f64::from(weight));
            (f64::from(bias) + products.sum::<f64>()) / temperature
        }));
    }
    let labels: Vec<usize> = rows.iter().map(|&row| labels[row]).collect();
    Scores::of(&logits, &labels, bias.len())
}

#[cfg(test)]
mod tests;
