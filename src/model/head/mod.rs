//! Heads: dense layers over a recipe's row, with labels. `(features) → (classes)`.
//!
//! Plain numbers in and out; no tensors, no requests.

mod attribution;
mod classifier;
pub mod decision;
mod descriptor;
mod files;
mod layers;
mod own;
mod save;

pub use super::dense::{Dense, DenseActivation};
pub use attribution::{NotExplainable, Projection, TokenAttribution};
pub use classifier::Head;
pub use decision::{DEFAULT_THRESHOLD, is_predicted};
pub use descriptor::{Descriptor, OutputActivation};
pub use files::{HeadContext, HeadError, HeadFiles, check_name};
pub use save::SaveError;
