//! Scores of outputs against targets.

mod calibration;
mod metric;
mod multi_label;
mod regression;
mod scores;
mod single_label;

pub use calibration::{bins, calibration_error};
pub use metric::{Metric, show};
pub use scores::Scores;
pub use single_label::SingleLabelScores;
