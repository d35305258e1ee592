//! The progress of training.

use super::fit::{Epoch, ResolvedMethod, Trial};

/// What training has just done or is about to do.
#[derive(Debug, Clone, Copy)]
pub enum Stage<'a> {
    /// A strength has been fitted and scored.
    Trial(&'a Trial),
    /// A fit of hidden layers has finished an epoch.
    Epoch(&'a Epoch),
    /// The chosen method has been fitted to all folds but one, this many times of `count`.
    OutOfFold {
        /// Fits that are done.
        done: usize,
        /// Fits in all.
        count: usize,
    },
    /// The chosen method is now fitted to all rows that are not held out.
    Refitting(ResolvedMethod<'a>),
    /// This many folds of the cross-validation are done.
    Fold(usize),
}
