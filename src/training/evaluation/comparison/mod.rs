//! Recipes scored against each other on one labelled file.
//!
//! Only rows that are not held out take part, so that `train` can score the best recipe on rows
//! that did not help to choose it. For each recipe the method's settings are chosen once. Then it is
//! scored out of fold, in the same folds for all recipes.

mod candidates;
mod compare;
mod difference;
mod display;

pub use candidates::{Candidate, POOLINGS, candidates};
pub use compare::{Comparison, DEFAULT_FOLDS, Outcome, check, compare};

#[cfg(test)]
mod tests;
