//! Scores of outputs against targets.
//!
//! `single_label`, `multi_label` and `regression` are the scores of each problem type, `scores` any of
//! them; `assessment` adds intervals, a baseline and the scores of each label. `outcomes` has what was
//! right and wrong in each row, `label_counts` the counts of a label. `entities` has the scores of entities
//! in texts.

mod assessment;
mod average_precision;
mod baseline;
mod calibration;
mod entities;
mod label_counts;
mod metric;
mod multi_label;
mod outcomes;
mod regression;
mod scores;
mod single_label;

pub use assessment::Assessment;
pub use calibration::{bins, calibration_error};
pub use entities::EntityScores;
pub use label_counts::{LabelCounts, label_table, macro_f1, micro_f1};
pub use metric::{Metric, show};
pub use scores::Scores;
pub use single_label::SingleLabelScores;
