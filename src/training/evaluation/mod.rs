//! Scores of heads and recipes: cross-validation, evaluation, comparison.

pub mod comparison;
mod cross_validation;
mod evaluate;
mod fold_scores;
mod tagging;

pub use cross_validation::cross_validate;
pub use evaluate::{Evaluation, ScoredRows, evaluate};
pub use fold_scores::{CrossValidationScores, FoldScores, mean_and_deviation};
pub use tagging::TaggingEvaluation;
