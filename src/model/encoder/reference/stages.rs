//! The stages of an encoder over a padded batch.

use candle_core::Tensor;

use super::padded::PaddedBatch;

/// The stages of an encoder. Letters: `b` sequences, `t` tokens of the longest, `c` hidden size.
pub trait Stages: Send + Sync {
    /// The first hidden state, `(b,t,c)`.
    ///
    /// # Errors
    /// The backend failed.
    fn embed(&self, batch: &PaddedBatch) -> candle_core::Result<Tensor>;

    /// Computes the first `depth` layers from the first hidden state. `read` is called with the
    /// number of each of their hidden states, from 1 on, and the state itself, `(b,t,c)`.
    ///
    /// # Errors
    /// The backend failed, or `read` did.
    fn layers(
        &self,
        batch: &PaddedBatch,
        hidden: Tensor,
        depth: usize,
        read: &mut dyn FnMut(usize, &Tensor) -> candle_core::Result<()>,
    ) -> candle_core::Result<()>;
}
