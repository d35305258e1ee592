//! What a head that will be scored can predict.

/// The labels of the head that will be scored.
#[derive(Clone, Copy)]
pub struct KnownLabels<'a> {
    /// In the order of its logits.
    pub labels: &'a [String],
    /// Whether rows with other labels are scored too; whatever is predicted for them is wrong.
    pub scores_others: bool,
}
