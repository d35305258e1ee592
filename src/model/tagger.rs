//! The checkpoint's own classifier of tokens.

use std::sync::Arc;

use strata_kernels::{Kernels, View};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::pooling_mask::{PoolingMask, counted_rows};
use super::token_layers::TokenLayers;

/// A classifier of tokens: the last hidden state `(t, c)` → logits `(t, k)`. A tagger is equal only to
/// itself.
pub struct Tagger {
    labels: Vec<String>,
    /// The hidden state that it reads.
    layer: usize,
    layers: TokenLayers,
}

impl std::fmt::Debug for Tagger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tagger").field("labels", &self.labels).finish_non_exhaustive()
    }
}

impl PartialEq for Tagger {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Tagger {}

impl Tagger {
    /// The classifier of tokens of a checkpoint, if it has one, computed by `kernels` as transformers
    /// does.
    ///
    /// # Errors
    /// A tensor can't be read, or there is not enough memory.
    pub fn from_checkpoint(
        checkpoint: &Checkpoint,
        kernels: Kernels,
    ) -> Result<Option<Arc<Self>>, CheckpointError> {
        let Some(config) = &checkpoint.config.tagger else { return Ok(None) };
        let layers = checkpoint.weights.read_classifier(&config.layers)?;
        let layers = TokenLayers::pack(kernels, &layers)
            .map_err(|error| CheckpointError::invalid(&checkpoint.dir, error.to_string()))?;
        let (labels, layer) = (config.labels.clone(), checkpoint.config.layers);
        Ok(Some(Arc::new(Self { labels, layer, layers })))
    }

    /// The label of each logit.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The hidden state that it reads.
    pub fn layer(&self) -> usize {
        self.layer
    }

    /// `H (t,c)` → the logits of each token that counts, `(t,k)`, row-major.
    pub fn logits(&self, rows: View<'_>, mask: Option<&PoolingMask>) -> Vec<f32> {
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
}
