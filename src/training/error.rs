//! Why nothing could be trained.

use super::data::SplitError;
use super::features::EncodeError;

/// What kept a head from being trained.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Features of other data.
    #[error("{features} rows of features for {rows} rows of data")]
    RowsDiffer {
        /// Rows of the features.
        features: usize,
        /// Rows of the data.
        rows: usize,
    },
    /// An encoder that gave infinity or no number.
    #[error("the text on line {line}: feature {column} is not a finite number")]
    NotFinite {
        /// Which text, counted from 1.
        line: u64,
        /// Which of its features, counted from 0.
        column: usize,
    },
    /// Settings that can't be used.
    #[error("strengths must be above 0 and ascending, at least one; these are {0:?}")]
    Strengths(Vec<f64>),
    /// Numbers have no labels to weigh.
    #[error("class weights go with labels; these rows have numbers")]
    NothingToWeigh,
    /// More folds than texts.
    #[error("{texts} texts are too few for {folds} folds")]
    Folds {
        /// How many were asked for.
        folds: usize,
        /// How many texts there are.
        texts: usize,
    },
    /// Descent that was to make no pass.
    #[error("descent needs at least one pass over the rows")]
    NoEpochs,
    /// A fit that left the numbers.
    #[error("the fit came to no finite numbers; with hidden layers, try a smaller learning rate")]
    NotANumber,
    /// Features that can't be had.
    #[error(transparent)]
    Features(#[from] EncodeError),
    /// Too little data for its parts.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// A tensor operation failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    /// The solver failed, which is not the same as not converging.
    #[error("the solver failed: {0}")]
    Solver(argmin::core::Error),
}
