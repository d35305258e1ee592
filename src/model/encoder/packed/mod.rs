//! The fast encoder: sequences end to end, without a row of padding, over packed weights.
//!
//! Letters: `rows` tokens of all sequences, `t` of one, `c` hidden size, `f` intermediate size;
//! `width` is `c` rounded up to whole panels, which is what products write.
//!
//! A layer is two parallel steps: attention, sequence by sequence; then, block of rows by block of
//! rows, all that follows up to the next layer's queries, keys and values, so that a block stays in
//! a core's own cache. Where rows are few, one block holds them all and each product's columns are
//! shared out instead.

mod attention;
mod embeddings;
mod layer;
mod norm;
mod pass;
mod plan;
mod scratch;
mod taps;

use std::num::NonZeroUsize;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use strata_kernels::{Dtype, Kernels};

use self::attention::Heads;
use self::embeddings::Embeddings;
use self::layer::Layer;
use self::pass::Pass;
use self::scratch::{Scratch, Shelf, Worker};
use super::{Encoder, EncoderOptions, Query};
use crate::model::checkpoint::{Checkpoint, CheckpointError};

/// BERT over packed weights.
pub struct Packed {
    kernels: Kernels,
    dtype: Dtype,
    embeddings: Embeddings,
    layers: Vec<Layer>,
    heads: Heads,
    hidden_size: usize,
    pool: ThreadPool,
    scratch: Shelf<Scratch>,
    workers: Shelf<Worker>,
}

impl Packed {
    /// Packs a checkpoint's weights; the pages that they were read from are let go.
    ///
    /// # Errors
    /// A tensor that can't be read, an instruction set that this CPU lacks, no thread or memory.
    pub fn load(
        checkpoint: &Checkpoint,
        options: &EncoderOptions,
    ) -> Result<Self, CheckpointError> {
        let invalid = |message: String| CheckpointError::invalid(&checkpoint.dir, message);
        let set = options.instruction_set();
        let kernels =
            Kernels::new(set).ok_or_else(|| invalid(format!("this CPU has no {}", set.name())))?;
        let pool = pool(options.threads).map_err(|error| invalid(error.to_string()))?;
        let config = &checkpoint.config;
        let load = |at| Layer::load(checkpoint, kernels, options.dtype, at);
        let layers: Vec<Layer> = pool
            .install(|| (0..config.layers).into_par_iter().map(load).collect::<Result<_, _>>())?;
        let embeddings = Embeddings::load(checkpoint)?;
        let heads = Heads {
            count: config.attention_heads,
            columns: config.hidden_size / config.attention_heads,
            apart: layers.first().map_or(0, |layer| layer.qkv.columns() / 3),
        };
        Ok(Self {
            kernels,
            dtype: options.dtype,
            embeddings,
            layers,
            heads,
            hidden_size: config.hidden_size,
            pool,
            scratch: Shelf::default(),
            workers: Shelf::default(),
        })
    }
}

fn pool(threads: NonZeroUsize) -> Result<ThreadPool, rayon::ThreadPoolBuildError> {
    let name = |index| format!("strata-packed-{index}");
    ThreadPoolBuilder::new().num_threads(threads.get()).thread_name(name).build()
}

impl Encoder for Packed {
    fn forward(&self, batch: &[Query<'_>]) -> candle_core::Result<Vec<Vec<Vec<f32>>>> {
        let pass = || self.scratch.lend(|scratch| Pass::new(self, batch).run(scratch));
        Ok(self.pool.install(pass))
    }

    fn name(&self) -> &'static str {
        "packed"
    }

    fn dtype(&self) -> &'static str {
        self.dtype.name()
    }

    fn instruction_set(&self) -> &'static str {
        self.kernels.instructions(self.dtype)
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
        };
        let encoder = Packed::load(&Checkpoint::open(&dir).unwrap(), &options).unwrap();
        let taps = [Tap { layer: 2, read: Read::Pooled(Pooling::Mean) }];
        let sequence = |id| Sequence { ids: vec![2, id, 3], type_ids: vec![0; 3] };
        let pass = |ids: &[u32]| {
            let sequences: Vec<Sequence> = ids.iter().map(|&id| sequence(id)).collect();
            let query = |sequence| Query { sequence, taps: &taps, mask: None };
            encoder.forward(&sequences.iter().map(query).collect::<Vec<_>>()).unwrap()
        };
        let before = pass(&[5, 6, 7, 8]);
        // No table has such a row: the thread that looks it up panics.
        let lost = catch_unwind(AssertUnwindSafe(|| pass(&[5, u32::MAX, 7, 8])));
        assert!(lost.is_err());
        assert_eq!(pass(&[5, 6, 7, 8]), before);
    }
}
