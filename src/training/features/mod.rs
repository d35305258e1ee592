//! From texts to features.

mod cache;
mod error;
mod extract;
mod matrix;
mod pooled;
mod save;
mod standardisation;
mod training_recipe;

pub use error::EncodeError;
pub use extract::Extractor;
pub use matrix::Features;
pub use pooled::Pools;
pub use save::save_features;
pub use standardisation::Standardisation;
pub use training_recipe::Candidate;
