//! From features and targets to the fully connected layers of a head.
//!
//! `training_data` and `prepared` make rows ready for a fit; `linear` and `hidden` fit layers to
//! them and minimise `loss`; `method` is a fit with all settings decided. `search` decides them on
//! the validation part, `temperature` and `thresholds` the `decision_rule`, and `validation` does
//! all three.

mod class_weights;
mod decision_rule;
mod head_layers;
mod hidden;
mod layers;
pub mod linear;
mod loss;
mod method;
mod network;
mod prepared;
mod search;
mod temperature;
mod thresholds;
mod training_data;
mod trials;
mod validation;

pub use decision_rule::DecisionRule;
pub use head_layers::HeadLayers;
pub use layers::{FittedLayer, FittedLayers};
pub use loss::loss;
pub use method::ResolvedMethod;
pub use prepared::{LayerProducts, PreparedRows, Preprocessor};
pub use temperature::Calibration;
pub use training_data::TrainingData;
pub use trials::{Epoch, SearchTrials, Trial};
pub use validation::{Choice, choose};
