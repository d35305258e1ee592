//! From features and targets to fully connected layers.

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

pub use decision_rule::Decision;
pub use head_layers::Finished;
pub use layers::{Layer, Layers};
pub use loss::loss;
pub use method::Chosen;
pub use prepared::{Part, Prepared, Tied};
pub use search::Found;
pub use temperature::Calibration;
pub use training_data::Data;
pub use trials::{Epoch, Trial, Tried};
pub use validation::choose;
