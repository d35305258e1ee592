//! How far training is.

use crate::training::fit::{Chosen, Epoch, Trial};

/// How far training is.
#[derive(Debug, Clone, Copy)]
pub enum Stage<'a> {
    /// A strength has been fitted and judged.
    Tried(&'a Trial),
    /// Descent has passed over the rows once more.
    Passed(&'a Epoch),
    /// What was chosen is being fitted to all rows that are not held out.
    Refitting(Chosen<'a>),
    /// So many folds of the cross-validation are done.
    Folded(usize),
}
