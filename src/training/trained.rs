//! The result of training.

use super::fit::{DecisionRule, HeadLayers};
use super::report::TrainingReport;

/// A trained head and its report.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedHead {
    /// The layers for serving. Outputs are in the order of
    /// [`Dataset::labels`](super::Dataset::labels).
    pub head: HeadLayers,
    /// From logits to predictions.
    pub decision: DecisionRule,
    /// The report for `head.json`.
    pub report: TrainingReport,
    /// The head's outputs for the held-out rows.
    pub held_out: HeldOutOutputs,
}

/// Outputs for the held-out rows.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOutOutputs {
    /// Row numbers in the data set, `(n)`.
    pub rows: Vec<usize>,
    /// Logits after temperature, or numbers, `(n,k)`.
    pub outputs: Vec<f64>,
}
