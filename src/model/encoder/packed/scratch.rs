//! The working memory of passes. It is reused from pass to pass and grows to the size that the
//! largest pass needs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use strata_kernels::{Buffer, OperandScratch};

use super::relative::RelativeScratch;

/// The working memory of one thread.
#[derive(Default)]
pub struct ThreadScratch {
    /// Rows rounded for a GEMM.
    pub operand: OperandScratch,
    /// A block's rows after a norm that comes before a part of a layer.
    pub normed: Buffer,
    /// A block's rows between the two feed-forward GEMMs.
    pub intermediate: Buffer,
    /// The same, as the left side of the second one.
    pub intermediate_operand: OperandScratch,
    /// Scratch of the attention kernel.
    pub attention: Vec<f32>,
    /// What distances and single tokens add to the scores of an attention head.
    pub relative: RelativeScratch,
}

/// The working memory of one pass.
#[derive(Default)]
pub struct PassScratch {
    /// Hidden states, `(rows, width)`.
    pub hidden: Buffer,
    /// Queries, keys and values, `(rows, 3·width)`.
    pub qkv: Buffer,
    /// The output of attention, `(rows, c)`.
    pub context: Buffer,
}

/// A pool of scratch memory. If no piece is free, a new one is created, so the pool has as many
/// pieces as were in use at the same time.
#[derive(Default)]
pub struct ScratchPool<T>(Mutex<Vec<T>>);

impl<T: Default> ScratchPool<T> {
    /// Runs `work` with a piece from the pool. If it panics, that piece is lost, and only that.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let mut scratch = self.lock().pop().unwrap_or_default();
        let result = work(&mut scratch);
        self.lock().push(scratch);
        result
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        // No code that can panic runs while it is locked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
