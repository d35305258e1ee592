//! Classifiers of tokens: the checkpoint's own one, and those of trained heads.

use std::sync::Arc;

use strata_kernels::{Kernels, View};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::pooling_mask::{PoolingMask, counted_rows};
use super::recipe::{Recipe, ResolvedRecipe, Shape};
use super::row_layer::RowLayer;
use super::token_layers::TokenLayers;

/// A classifier of tokens: a recipe's row of a token `(d)` → its logits `(k)`.
pub struct Tagger {
    labels: Vec<String>,
    /// The rows that it reads. Their pooling has no meaning, since tokens aren't pooled.
    recipe: Arc<ResolvedRecipe>,
    layers: TokenLayers,
    temperature: f32,
}

impl std::fmt::Debug for Tagger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tagger").field("labels", &self.labels).finish_non_exhaustive()
    }
}

impl Tagger {
    /// A tagger whose layers fit its recipe and its labels; logits are divided by `temperature` before
    /// the softmax.
    ///
    /// # Errors
    /// There is not enough memory.
    pub(super) fn new(
        labels: Vec<String>,
        recipe: Arc<ResolvedRecipe>,
        layers: &[RowLayer],
        temperature: f32,
        kernels: Kernels,
    ) -> std::io::Result<Self> {
        Ok(Self { labels, recipe, layers: TokenLayers::pack(kernels, layers)?, temperature })
    }

    /// The classifier of tokens of a checkpoint, if it has one, computed by `kernels` as transformers
    /// does.
    ///
    /// # Errors
    /// A tensor can't be read, or there is not enough memory.
    pub fn from_checkpoint(
        checkpoint: &Checkpoint,
        shape: Shape,
        kernels: Kernels,
    ) -> Result<Option<Arc<Self>>, CheckpointError> {
        let Some(config) = &checkpoint.config.tagger else { return Ok(None) };
        let invalid = |message| CheckpointError::invalid(&checkpoint.dir, message);
        let layers = checkpoint.weights.read_classifier(&config.layers)?;
        let last = Recipe { layers: vec![-1], ..Recipe::default() };
        let last = last.resolve(shape).map_err(|error| invalid(error.to_string()))?;
        let tagger = Self::new(config.labels.clone(), Arc::new(last), &layers, 1.0, kernels);
        tagger.map(|tagger| Some(Arc::new(tagger))).map_err(|error| invalid(error.to_string()))
    }

    /// The label of each logit.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The rows that it reads.
    pub fn recipe(&self) -> &ResolvedRecipe {
        &self.recipe
    }

    /// What logits are divided by before the softmax.
    pub fn temperature(&self) -> f64 {
        self.temperature.into()
    }

    /// The hidden state whose rows it reads as they are, if it reads no others.
    pub(super) fn only_layer(&self) -> Option<usize> {
        let ResolvedRecipe { layers, normalize, weights, dimensions, width, .. } = &*self.recipe;
        let as_it_is = !normalize && weights.is_none() && dimensions == width;
        match layers.as_slice() {
            &[only] if as_it_is => Some(only),
            _ => None,
        }
    }

    /// `H (t,c)` of its only layer → the logits of each token that counts, `(t,k)`, row-major.
    pub fn tap(&self, rows: View<'_>, mask: Option<&PoolingMask>) -> Vec<f32> {
        let logits = self.layers.forward(rows);
        match mask {
            None => logits,
            Some(_) => {
                let k = self.labels.len();
                let row = |(row, _): (usize, usize)| &logits[row * k..(row + 1) * k];
                counted_rows(rows.rows(), mask).flat_map(row).copied().collect()
            }
        }
    }

    /// The recipe's rows of tokens, `(t,d)` → their logits, `(t,k)`.
    pub(super) fn logits(&self, rows: &[f32]) -> Vec<f32> {
        let columns = self.recipe.dimensions;
        self.layers.forward(View::new(rows, rows.len() / columns, columns, columns))
    }
}
