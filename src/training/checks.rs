//! Checks before a fit.

use super::data::{Dataset, Split, Targets, stratify};
use super::error::TrainError;
use super::features::Features;
use super::options::{Method, TrainingOptions};

/// Checks that this data set can be trained on with these options, before features are computed.
/// Returns the parts of the data.
///
/// # Errors
/// Data that can't be split, unusable options.
pub fn check(dataset: &Dataset, options: &TrainingOptions) -> Result<Split, TrainError> {
    if matches!(dataset.targets, Targets::Regression(_)) && !options.class_weights.is_none() {
        return Err(TrainError::ClassWeightsWithoutLabels);
    }
    if let Method::Linear { strengths } = &options.method {
        let usable = strengths.iter().all(|&strength| strength > 0.0 && strength.is_finite());
        if strengths.is_empty() || !usable || !strengths.is_sorted() {
            return Err(TrainError::InvalidStrengths(strengths.clone()));
        }
    }
    if let Some(folds) = options.folds {
        check_folds(dataset, folds)?;
    }
    Ok(Split::new(dataset, options.seed)?)
}

/// Checks that there are at least as many texts as folds.
///
/// # Errors
/// There are fewer.
pub fn check_folds(dataset: &Dataset, folds: usize) -> Result<(), TrainError> {
    let texts = stratify(dataset).concat().len();
    if folds > texts { Err(TrainError::TooManyFolds { folds, texts }) } else { Ok(()) }
}

/// Checks that the features are finite, with one row per row of the data set.
///
/// # Errors
/// They aren't.
pub fn check_features(dataset: &Dataset, features: &Features) -> Result<(), TrainError> {
    if features.rows != dataset.rows.len() {
        let rows = dataset.rows.len();
        return Err(TrainError::RowCountMismatch { features: features.rows, rows });
    }
    match features.first_non_finite() {
        Some((row, column)) => {
            Err(TrainError::NonFiniteFeature { line: dataset.rows[row].line, column })
        }
        None => Ok(()),
    }
}
