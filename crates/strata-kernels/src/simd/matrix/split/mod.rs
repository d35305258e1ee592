//! GEMM in f32 by six products of bf16.
//!
//! A number is the sum of three parts, of which each has the next 8 bits of its significand: the
//! number cut off after 8 bits, the rest cut off after 8 bits, and what remains. Of the nine
//! products of two numbers' parts the six largest are added; the others are together below 2^-22 of
//! the product.
//!
//! Weights are packed as f32 and split on the way, for a block of `k` and all rows: in memory they
//! have 4 bytes and not 6, which is what limits a single short text.
//!
//! A row that has a number that is not finite, or so large that a product might overflow where a
//! sum of f32 does not, is computed by FMA, from the sums of its parts. Nothing else decides that,
//! so that a row's bits don't depend on its neighbours.

mod by_fma;
mod parts;

use std::mem::MaybeUninit;

use self::by_fma::by_fma;
use self::parts::{RIGHT_WORDS, split_weights};
pub use self::parts::{mark, parts, split_row};
use super::epilogue::finish;
use super::unit::{MatrixUnit, PARTS, Product, TILE, TILE_WORDS};
use super::{
    BLOCK_ROWS, CHUNK, COLUMNS, PREFETCHED_LINES_OF_SIX, ROWS, of_panel, part_to_prefetch,
};
use crate::arguments::GemmArguments;
use crate::simd::dot::Dot;
use crate::simd::epilogue::Tile;
use crate::simd::lanes::{Bf16Words, Parts};
use crate::table::MicroKernelFn;

/// Chunks whose weights are split at a time: their parts stay in the first-level cache.
const CHUNKS: usize = 4;

/// The same for few rows: while one chunk is multiplied, the next one is split.
const CHUNKS_FOR_FEW_ROWS: usize = 1;

/// The most chunks of `k` that all panels are multiplied with before the next ones follow, if there
/// are more than twice as many: their left side stays in the second-level cache.
const CHUNKS_AT_A_TIME: usize = 12;

/// The parts of a block of weights.
#[repr(align(64))]
struct Weights([MaybeUninit<u32>; CHUNKS * RIGHT_WORDS]);

/// Rows and panels of a block, and the chunks of `k` that are multiplied at a time.
struct Work<'a> {
    arguments: &'a GemmArguments,
    first_row: usize,
    rows: usize,
    first_chunk: usize,
    chunks: usize,
}

/// Words of sums that [`gemm`] needs.
pub fn sums_words(rows: usize, panels: usize, k: usize) -> usize {
    let rows = rows.min(BLOCK_ROWS).next_multiple_of(ROWS);
    let at_a_time = chunks_at_a_time(k.div_ceil(CHUNK));
    let panels = if at_a_time < k.div_ceil(CHUNK) { panels } else { 1 };
    rows * panels * COLUMNS
}

fn chunks_at_a_time(chunks: usize) -> usize {
    if chunks > 2 * CHUNKS_AT_A_TIME { CHUNKS_AT_A_TIME } else { chunks }
}

/// The GEMM of all rows of the block and all panels.
///
/// # Safety
/// The CPU has the features of `U` and `D`, this thread's tiles are configured, the guarantees of
/// [`GemmArguments`] hold, the left side is stored in parts, panels have room for whole chunks, and
/// there are [`sums_words`] words for sums. `fma` is the micro-kernel of f32 for panels of the same
/// width.
#[inline(always)]
pub unsafe fn gemm<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>>(
    arguments: &GemmArguments,
    fma: MicroKernelFn,
) {
    let all_chunks = arguments.steps.div_ceil(CHUNK);
    let chunks = chunks_at_a_time(all_chunks);
    for first_row in (0..arguments.rows).step_by(BLOCK_ROWS) {
        let rows = BLOCK_ROWS.min(arguments.rows - first_row);
        for first_chunk in (0..all_chunks).step_by(chunks) {
            let chunks = chunks.min(all_chunks - first_chunk);
            let work = Work { arguments, first_row, rows, first_chunk, chunks };
            for panel in 0..arguments.panels {
                let kept = if chunks < all_chunks { panel } else { 0 };
                let at = kept * rows.next_multiple_of(ROWS) * COLUMNS;
                // SAFETY: the rows are among the block's, the chunks among those of `k`, and there
                // are sums for the rows of every panel, or for those of one.
                unsafe { panel_products::<U, D>(&work, panel, arguments.sums.add(at), fma) }
            }
        }
    }
}

/// Adds the products of some chunks to the sums of a panel. The epilogue follows the last ones.
///
/// # Safety
/// As for [`gemm`]; rows, chunks and panel exist, and `sums` is valid for whole tiles of the rows.
#[inline(always)]
unsafe fn panel_products<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>>(
    work: &Work<'_>,
    panel: usize,
    sums: *mut u32,
    fma: MicroKernelFn,
) {
    let Work { rows, first_chunk, chunks, .. } = *work;
    let arguments = &of_panel(work.arguments, panel);
    let all_chunks = arguments.steps.div_ceil(CHUNK);
    let pairs = rows.div_ceil(ROWS);
    let at_a_time = if pairs == 1 { CHUNKS_FOR_FEW_ROWS } else { CHUNKS };
    let mut weights = Weights([MaybeUninit::uninit(); CHUNKS * RIGHT_WORDS]);
    for start in (first_chunk..first_chunk + chunks).step_by(at_a_time) {
        let count = at_a_time.min(first_chunk + chunks - start);
        let from = arguments.b.wrapping_add(start * CHUNK * COLUMNS);
        let next = from.wrapping_add(count * CHUNK * COLUMNS);
        // SAFETY: the panel has these chunks, and `weights` room for their parts, which are written
        // before they are read. The tiles of the left side are those of the rows.
        unsafe {
            let weights = weights.0.as_mut_ptr().cast();
            split_weights::<D::Register>(from.cast(), count, weights);
            for pair in 0..pairs {
                let first_row = work.first_row + pair * ROWS;
                let count_rows = ROWS.min(rows - pair * ROWS);
                let tiles = arguments.a_tiles;
                let a = tiles.first.add(first_row / TILE * tiles.stride);
                let sums = sums.add(pair * ROWS * COLUMNS);
                U::six_products(&Product {
                    a: a.add(start * PARTS * TILE_WORDS),
                    a_stride: tiles.stride,
                    b: weights,
                    chunks: count,
                    sums,
                    sums_stride: COLUMNS,
                    row_tiles: count_rows.div_ceil(TILE),
                    column_tiles: COLUMNS / TILE,
                    from_zero: start == 0,
                    prefetch: part_to_prefetch(next, count, PREFETCHED_LINES_OF_SIX, pair),
                });
                if start + count == all_chunks {
                    by_fma(arguments, first_row, count_rows, fma, sums);
                    let tile = Tile { arguments, first_row, rows: count_rows, sums };
                    finish::<D, true>(&tile, panel);
                }
            }
        }
    }
}
