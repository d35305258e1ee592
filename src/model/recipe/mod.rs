//! Recipes: which hidden states to read, how to pool their tokens, how to combine the layers.
//!
//! Plain data and the arithmetic on pooled rows. Each layer is pooled first; then the pooled rows
//! are combined. Letters: `t` tokens, `c` hidden size, `n` layers listed, `L` encoder layers.

mod bounded;
mod combine;
mod native;
mod of_tokens;
mod reference;
mod resolved;
mod written;

pub use super::pooling::Pooling;
pub use bounded::bounded_list;
pub(super) use combine::by_column;
pub use combine::{Combine, weighted_sum};
pub use native::NativeRecipe;
pub use reference::RecipeRef;
pub use resolved::{Poolings, ResolvedRecipe};
pub use written::{InvalidRecipe, Recipe, Shape, check_dimensions, last_four};
