//! The progress of training.

use super::fit::{Epoch, ResolvedMethod, Trial};

/// What training has just done or is about to do.
#[derive(Debug, Clone, Copy)]
pub enum Stage<'a> {
    /// A strength has been fitted and scored.
    Trial(&'a Trial),
    /// A fit of hidden layers has finished an epoch.
    Epoch(&'a Epoch),
    /// The chosen method is now fitted to all rows that are not held out.
    Refitting(ResolvedMethod<'a>),
    /// This many folds of the cross-validation are done.
    Fold(usize),
}
