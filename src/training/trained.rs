//! What training gives.

use crate::training::fit::{Decision, Finished};
use crate::training::report::Report;

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
