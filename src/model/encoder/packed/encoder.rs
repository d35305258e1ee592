//! The encoder: packed weights, threads, and working memory.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use strata_kernels::Dtype;

use super::pass::Pass;
use super::scratch::{PassScratch, ScratchPool, ThreadScratch};
use super::weights::PackedWeights;
use crate::model::checkpoint::{Checkpoint, CheckpointError};
use crate::model::encoder::{Encoder, EncoderOptions, PassInput, numerics};
use crate::model::task::TapValues;

/// BERT over packed weights.
pub struct Packed {
    weights: PackedWeights,
    numerics: String,
    threads: Arc<ThreadPool>,
    pass_scratch: ScratchPool<PassScratch>,
    thread_scratch: ScratchPool<ThreadScratch>,
}

impl Packed {
    /// Packs a checkpoint's weights, and releases the pages that they were read from.
    ///
    /// # Errors
    /// A tensor can't be read, this CPU lacks the instructions, a thread can't be started, or
    /// there is not enough memory.
    pub fn load(
        checkpoint: &Checkpoint,
        options: &EncoderOptions,
    ) -> Result<Self, CheckpointError> {
        let invalid = |message: String| CheckpointError::invalid(&checkpoint.dir, message);
        let kernels = options.kernels().map_err(|error| invalid(error.to_string()))?;
        let threads = thread_pool(options.threads).map_err(|error| invalid(error.to_string()))?;
        Ok(Self {
            weights: threads.install(|| PackedWeights::load(checkpoint, kernels, options.dtype))?,
            numerics: numerics::packed(kernels, options.dtype),
            threads,
            pass_scratch: ScratchPool::default(),
            thread_scratch: ScratchPool::default(),
        })
    }
}

/// A pool of so many threads. The models of a process share it, since their passes take turns; it ends with
/// the last of them.
fn thread_pool(threads: NonZeroUsize) -> Result<Arc<ThreadPool>, ThreadPoolBuildError> {
    static LAST: Mutex<Weak<ThreadPool>> = Mutex::new(Weak::new());
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |pool: &Arc<ThreadPool>| pool.current_num_threads() == threads.get();
    if let Some(pool) = last.upgrade().filter(fits) {
        return Ok(pool);
    }
    let name = |index| format!("strata-packed-{index}");
    let pool = ThreadPoolBuilder::new().num_threads(threads.get()).thread_name(name).build()?;
    let pool = Arc::new(pool);
    *last = Arc::downgrade(&pool);
    Ok(pool)
}

impl Encoder for Packed {
    fn forward(&self, batch: &[PassInput<'_>]) -> candle_core::Result<Vec<TapValues>> {
        let pass = || {
            let pass = Pass::new(&self.weights, &self.thread_scratch, batch);
            self.pass_scratch.with(|scratch| pass.run(scratch))
        };
        Ok(self.threads.install(pass))
    }

    fn name(&self) -> &'static str {
        "packed"
    }

    fn dtype(&self) -> &'static str {
        self.weights.dtype.name()
    }

    fn instruction_set(&self) -> &'static str {
        self.weights.kernels.instructions(self.weights.dtype)
    }

    fn f32_products(&self) -> Option<&'static str> {
        let PackedWeights { kernels, dtype, .. } = &self.weights;
        (*dtype == Dtype::F32).then(|| kernels.f32_products().name())
    }

    fn numerics(&self) -> &str {
        &self.numerics
    }

    fn pads(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;

    use super::*;
    use crate::model::encoder::EncoderChoice;
    use crate::model::recipe::Pooling;
    use crate::model::task::{Read, Tap};
    use crate::sequence::Sequence;

    #[test]
    fn a_panic_in_one_thread_loses_that_pass_and_no_other() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny/single-label");
        let options = EncoderOptions {
            choice: EncoderChoice::Packed,
            dtype: Dtype::F32,
            threads: NonZeroUsize::new(2).unwrap(),
            instruction_set: None,
            f32_products: None,
        };
        let encoder = Packed::load(&Checkpoint::open(&dir).unwrap(), &options).unwrap();
        let taps = [Tap { layer: 2, read: Read::Pooled(Pooling::Mean) }];
        let sequence = |id| Sequence::new(vec![2, id, 3], vec![0; 3]);
        let pass = |ids: &[u32]| {
            let sequences: Vec<Sequence> = ids.iter().map(|&id| sequence(id)).collect();
            let input = |sequence| PassInput::whole(sequence, &taps);
            encoder.forward(&sequences.iter().map(input).collect::<Vec<_>>()).unwrap()
        };
        let before = pass(&[5, 6, 7, 8]);
        // No table has this row: the thread that looks it up panics.
        let lost = catch_unwind(AssertUnwindSafe(|| pass(&[5, u32::MAX, 7, 8])));
        assert!(lost.is_err());
        assert_eq!(pass(&[5, 6, 7, 8]), before);
    }
}
