//! Scores of heads and recipes: cross-validation, evaluation, comparison.

pub mod comparison;
mod cross_validation;
mod evaluate;
mod fold_scores;

pub use cross_validation::{CrossValidation, Folds};
pub use evaluate::{Evaluation, evaluate};
pub use fold_scores::{CrossValidationScores, FoldScores, mean_and_deviation};
