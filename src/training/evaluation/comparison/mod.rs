//! Recipes scored against each other on one labelled file.

mod candidates;
mod compare;
mod difference;
mod display;

pub use candidates::{Contender, POOLINGS, contenders};
pub use compare::{Comparison, FOLDS, Outcome, check, compare};
pub use difference::Difference;

#[cfg(test)]
mod tests;
