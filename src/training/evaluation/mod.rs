//! How good heads and recipes are.

pub mod comparison;
mod cross_validation;
mod evaluate;
mod fold_scores;

pub use cross_validation::{Plan, cross_validate};
pub use evaluate::{Evaluation, evaluate};
pub use fold_scores::{CrossScores, Spread, mean_and_deviation};
