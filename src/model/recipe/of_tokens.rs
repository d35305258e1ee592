//! Which recipes can be read for tokens.

use super::resolved::{Poolings, ResolvedRecipe};
use super::written::InvalidRecipe;
use crate::model::pooling::Pooling;

impl ResolvedRecipe {
    /// Checks that a head for tokens can read this recipe: tokens aren't pooled, and have no layers after
    /// that.
    ///
    /// # Errors
    /// It says how tokens are pooled, or has such layers.
    pub fn check_for_tokens(&self) -> Result<(), InvalidRecipe> {
        let refused = |field: &str, message: &str| {
            Err(InvalidRecipe { field: field.to_owned(), message: message.to_owned() })
        };
        if self.pooling != Poolings::One(Pooling::Mean) {
            return refused(
                "pooling",
                "tokens aren't pooled; leave pooling out, or choose another recipe, such as \
                 {\"layers\": [-1]}",
            );
        }
        if !self.row_layers.is_empty() {
            return refused(
                "row_layers",
                "the checkpoint's layers after pooling don't apply to tokens; choose another recipe, \
                 such as {\"layers\": [-1]}",
            );
        }
        Ok(())
    }
}
