//! Why a head could not be trained.

use super::data::{DatasetError, SplitError};
use super::features::FeatureError;

/// Why a head could not be trained.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Features of other data.
    #[error("{features} rows of features for {rows} rows of data")]
    RowCountMismatch {
        /// Rows of the features.
        features: usize,
        /// Rows of the data.
        rows: usize,
    },
    /// The encoder computed NaN or infinity.
    #[error(
        "the text on line {line}: feature {column} is not a finite number; try the dtype f32, or leave the text out"
    )]
    NonFiniteFeature {
        /// The line of the text, counted from 1.
        line: u64,
        /// The feature's column, counted from 0.
        column: usize,
    },
    /// Unusable regularisation strengths.
    #[error("strengths must be above 0 and ascending, at least one; these are {0:?}")]
    InvalidStrengths(Vec<f64>),
    /// Class weights for a regression, which has no labels.
    #[error("class weights need labels; these rows have numbers: leave the class weights out")]
    ClassWeightsWithoutLabels,
    /// More folds than texts.
    #[error("{texts} texts are too few for {folds} folds; use at most one fold per text")]
    TooManyFolds {
        /// Number of folds.
        folds: usize,
        /// Number of texts.
        texts: usize,
    },
    /// Hidden layers with 0 epochs.
    #[error("hidden layers need at least one epoch")]
    NoEpochs,
    /// A fit with NaN or infinite parameters.
    #[error("the fitted weights are not finite; with hidden layers, try a smaller learning rate")]
    NonFiniteFit,
    /// A head that would not give numbers.
    #[error(
        "the head can't be served: {0}; nothing was written. Large labels of a regression can be given in \
         another unit; with hidden layers, try a smaller learning rate"
    )]
    Unservable(&'static str),
    /// Features could not be computed.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// A file that can't be trained on.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Too little data to split.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// A tensor operation failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    /// The solver failed. A fit that doesn't converge is not an error.
    #[error("the solver failed: {0}")]
    Solver(argmin::core::Error),
}
