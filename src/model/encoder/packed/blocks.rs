//! Divides the rows of a layer into blocks, which threads compute independently.

use strata_kernels::{Dtype, Kernels, View, ViewMut};

use super::gemm::GemmConfig;
use super::row_layout::LayerRows;
use super::scratch::PassScratch;
use super::weights::PackedWeights;

/// Rows per thread below which columns are split between the threads, instead of rows. If rows were
/// split, every thread would read all weights for its few rows; in f32 they come from memory. The
/// weights of the reduced dtypes stay in the last-level cache, and with split columns threads wait
/// for each other more often. See `benches/RESULTS.md`.
fn few_rows(kernels: Kernels, dtype: Dtype) -> usize {
    match dtype {
        // Half of a tile of rows costs as much as a whole one.
        _ if kernels.has_tiles(dtype) => 32,
        Dtype::F32 => 24,
        Dtype::Bf16 | Dtype::Int8 => 8,
    }
}

/// The most rows of a block. The rows between the two feed-forward GEMMs, 64 rows of 1,536 numbers
/// in f32, and the panel that they are multiplied with fit into a second-level cache of 1 MiB. On
/// tiles products are so fast that reading the weights of a layer again for every 64 rows would take
/// longer; processors that have tiles have a second-level cache of 2 MiB.
fn block_rows(kernels: Kernels, dtype: Dtype) -> usize {
    if kernels.has_tiles(dtype) { 256 } else { 64 }
}

/// The rows of one block: context, hidden rows, and the QKV rows of the next layer.
pub struct Block<'a> {
    /// The first of the rows among all of the layer.
    pub first_row: usize,
    pub context: View<'a>,
    pub hidden: ViewMut<'a>,
    pub qkv: ViewMut<'a>,
    /// How many of the rows are in sequences that the next layer computes whole.
    pub whole_next: usize,
    /// For how many of the rows the next layer needs keys and values.
    pub rows_next: usize,
}

/// Splits columns between the threads if there are few rows; otherwise each thread has rows of its
/// own.
pub fn gemm_config(weights: &PackedWeights, rows: usize) -> GemmConfig {
    let threads = rayon::current_num_threads();
    let few = rows < few_rows(weights.kernels, weights.dtype) * threads;
    GemmConfig { kernels: weights.kernels, column_splits: if few { threads } else { 1 } }
}

/// Divides the first `rows` rows into blocks: one if columns are split between the threads,
/// otherwise as few per thread as [`block_rows`] allows. Their sizes differ by one row at most.
pub fn blocks<'s>(
    weights: &PackedWeights,
    rows: usize,
    next: Option<&LayerRows<'_>>,
    scratch: &'s mut PassScratch,
) -> Vec<Block<'s>> {
    let (c, width) = (weights.hidden_size, weights.width());
    let threads = rayon::current_num_threads();
    let blocks = if gemm_config(weights, rows).column_splits > 1 {
        1
    } else {
        threads * rows.div_ceil(threads * block_rows(weights.kernels, weights.dtype))
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
            first_row: first,
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
