//! Whether there can be training.

use super::data::strata;
use super::error::TrainError;
use super::options::{Method, Settings};
use crate::training::data::{Dataset, Split, Targets};
use crate::training::features::Features;

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

pub fn check_folds(dataset: &Dataset, folds: usize) -> Result<(), TrainError> {
    let texts = strata(dataset).concat().len();
    if folds > texts { Err(TrainError::Folds { folds, texts }) } else { Ok(()) }
}

pub fn check_features(dataset: &Dataset, features: &Features) -> Result<(), TrainError> {
    if features.rows != dataset.rows.len() {
        return Err(TrainError::RowsDiffer { features: features.rows, rows: dataset.rows.len() });
    }
    match features.not_finite() {
        Some((row, column)) => Err(TrainError::NotFinite { line: dataset.rows[row].line, column }),
        None => Ok(()),
    }
}
