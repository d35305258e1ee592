//! From texts to features: one row of numbers per text.
//!
//! `reading` makes sequences of rows, `passes` runs the encoder, `extract` makes pooled rows with it,
//! `cache` keeps them on disk, `pooled` combines them into the `Features` of a recipe. `tokens` makes the
//! rows of tokens. `training_recipe` says which features a
//! recipe with learned layer weights needs.

mod cache;
mod error;
mod extract;
mod matrix;
mod passes;
mod pooled;
mod reading;
mod save;
mod standardisation;
mod tokens;
mod training_recipe;

pub use cache::EncoderIdentity;
pub use error::FeatureError;
pub use extract::Extractor;
pub use matrix::Features;
pub use passes::Passes;
pub use pooled::PooledFeatures;
pub use reading::{LongTexts, RowReader};
pub use save::save_features;
pub use standardisation::Standardisation;
pub use tokens::TokenisedText;
pub use training_recipe::TrainingRecipe;
