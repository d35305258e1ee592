//! From a labelled file to a head: read, split, fit, score.
//!
//! ```text
//! dataset (targets) ─► split ─┐
//!                             ├─► search (fit, metrics) ─► temperature, thresholds ─► fit again ─► score
//!           features ─────────┘
//! ```
//!
//! Features come in computed: only `encode`, which computes them, knows an encoder. Everything is
//! in float64 but the features and the finished weights. The same data, features and seed give the
//! same bytes.

mod checks;
mod data;
mod error;
mod evaluation;
mod features;
mod fit;
mod logits;
mod metrics;
mod options;
mod report;
mod stage;
mod train;
mod trained;

pub use checks::check;
pub use data::{Column, Dataset, DatasetError, Layout, is_held_out, read_texts};
pub use error::TrainError;
pub use evaluation::comparison;
pub use evaluation::{Evaluation, evaluate};
pub use features::{Candidate, Extractor, Features, Pools, save_features};
pub use fit::{Chosen, Epoch, Trial};
pub use options::{ClassWeights, Hidden, Method, Settings};
pub use report::Report;
pub use stage::Stage;
pub use train::train;
pub use trained::Trained;

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests;
