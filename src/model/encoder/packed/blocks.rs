//! How the rows of a layer are cut into blocks, which threads compute independently.

use strata_kernels::{Dtype, View, ViewMut};

use super::gemm::GemmConfig;
use super::row_layout::LayerRows;
use super::scratch::PassScratch;
use super::weights::Weights;

/// Rows per thread below which columns are split between the threads, instead of rows. With few
/// rows each, every thread would read all the weights for them, which in f32 come from memory. The
/// weights of the reduced formats stay in the last-level cache, and splitting columns costs more
/// waiting. See `benches/RESULTS.md`.
const fn few_rows(dtype: Dtype) -> usize {
    match dtype {
        Dtype::F32 => 24,
        Dtype::Bf16 | Dtype::Int8 => 8,
    }
}

/// The most rows of a block. What a block holds between two GEMMs, 64 rows of 1,536 numbers in f32,
/// and the panel that it is multiplied with fit into a second-level cache of 1 MiB.
const BLOCK_ROWS: usize = 64;

/// The rows of one block, and what is computed from them.
pub struct Block<'a> {
    pub context: View<'a>,
    pub hidden: ViewMut<'a>,
    pub qkv: ViewMut<'a>,
    /// How many of the rows belong to sequences that the next layer computes whole.
    pub whole_next: usize,
    /// How many of the rows the next layer makes keys and values from.
    pub rows_next: usize,
}

/// Splits columns between the threads if there are few rows; otherwise each thread has rows of its
/// own.
pub fn gemm_config(weights: &Weights, rows: usize) -> GemmConfig {
    let threads = rayon::current_num_threads();
    let few = rows < few_rows(weights.dtype) * threads;
    GemmConfig { kernels: weights.kernels, column_splits: if few { threads } else { 1 } }
}

/// Cuts the first `rows` rows into blocks: one if columns are split between the threads, otherwise
/// as many per thread as keep a block in its cache. Their sizes differ by one row at most.
pub fn blocks<'s>(
    weights: &Weights,
    rows: usize,
    next: Option<&LayerRows<'_>>,
    scratch: &'s mut PassScratch,
) -> Vec<Block<'s>> {
    let (c, width) = (weights.hidden_size, weights.width());
    let threads = rayon::current_num_threads();
    let blocks = if gemm_config(weights, rows).column_splits > 1 {
        1
    } else {
        threads * rows.div_ceil(threads * BLOCK_ROWS)
    };
    let (next_whole, next_rows) = next.map_or((0, 0), |next| (next.whole_rows, next.rows));
    let context = View::new(&scratch.context, rows, c, c);
    let mut hidden = ViewMut::new(&mut scratch.hidden, rows, width, width);
    let mut qkv = ViewMut::new(&mut scratch.qkv, rows, 3 * width, 3 * width);
    let mut cut = Vec::with_capacity(blocks);
    for block in 0..blocks {
        let (first, end) = (block * rows / blocks, (block + 1) * rows / blocks);
        let among = |limit: usize| limit.clamp(first, end) - first;
        let (hidden_here, hidden_later) = hidden.split_rows(end - first);
        let (qkv_here, qkv_later) = qkv.split_rows(end - first);
        cut.push(Block {
            context: context.rows_from(first, end - first),
            hidden: hidden_here,
            qkv: qkv_here,
            whole_next: among(next_whole),
            rows_next: among(next_rows),
        });
        (hidden, qkv) = (hidden_later, qkv_later);
    }
    cut
}
