//! From features and targets to the fully connected layers of a head.
//!
//! `training_data` and `prepared` make rows ready for a fit; `linear` and `hidden` fit layers to
//! them and minimise `loss`; `method` is a fit with all settings decided. `out_of_fold` gives each row
//! the outputs of a fit that has not seen it. `search` (on the validation part) and `fold_search` (with
//! few rows) decide settings, and `choose` calls the one or the other; `temperature` and `thresholds`
//! decide the `decision_rule`.

mod best_threshold;
mod choose;
mod class_weights;
mod decision_rule;
mod fold_search;
mod head_layers;
mod hidden;
mod layers;
pub mod linear;
mod loss;
mod method;
mod network;
mod out_of_fold;
mod prepared;
mod search;
mod temperature;
mod thresholds;
mod training_data;
mod trials;

pub use choose::{Choice, ChosenOn, choose};
pub use decision_rule::DecisionRule;
pub use head_layers::HeadLayers;
pub use layers::{FittedLayer, FittedLayers};
pub use loss::loss;
pub use method::ResolvedMethod;
pub use out_of_fold::{FoldedRows, OutOfFold};
pub use prepared::{LayerProducts, PreparedRows, Preprocessor};
pub use temperature::{Calibration, CalibrationOutcome, MIN_MISTAKES};
pub use thresholds::ThresholdChoice;
#[cfg(test)]
pub use thresholds::ThresholdRule;
pub use training_data::TrainingData;
pub use trials::{Epoch, SearchTrials, Trial};
