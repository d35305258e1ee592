//! How good a head's outputs are, given the right answers.

mod calibration;
mod metric;
mod multi_label;
mod regression;
mod scores;
mod single_label;

pub use calibration::{bins, calibration_error};
pub use metric::{Metric, show};
pub use scores::Scores;
pub use single_label::OneScores;
