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
mod few_rows;
mod parts;

use std::mem::swap;

use self::by_fma::by_fma;
use self::few_rows::few_rows;
use self::parts::{Splitting, Weights};
pub use self::parts::{mark, parts, split_row};
use super::interleaved::Interleaved;
use super::outputs::Outputs;
use super::pairs::{product_of_pair, right_side};
use super::prefetching::Prefetching;
use super::schedule::{Block, Schedule};
use super::unit::{MatrixUnit, PARTS, SIX_PRODUCTS, TILE};
use super::{CHUNK, COLUMNS, ROWS, of_panel};
use crate::arguments::GemmArguments;
use crate::simd::dot::Dot;
use crate::simd::lanes::{Bf16Words, Parts};
use crate::table::MicroKernelFn;

/// Chunks whose weights are split at a time: their parts, and those of the chunks that are
/// multiplied meanwhile, stay in the first-level cache.
const BLOCK_CHUNKS: usize = 3;

/// The most chunks of `k` that all panels are multiplied with before the next ones follow, if there
/// are more than twice as many: their left side stays in the second-level cache.
const ROUND_CHUNKS: usize = 12;

/// Words of a chunk of a panel.
const CHUNK_WORDS: usize = CHUNK * COLUMNS;

/// The order of the products for rows of `k` numbers.
#[inline(always)]
pub fn schedule(rows: usize, panels: usize, k: usize) -> Schedule {
    let chunks = k.div_ceil(CHUNK);
    let round_chunks = if chunks > 2 * ROUND_CHUNKS { ROUND_CHUNKS } else { chunks };
    Schedule::new(rows, panels, chunks, round_chunks, BLOCK_CHUNKS)
}

/// The GEMM of all rows and all panels.
///
/// # Safety
/// The CPU has the features of `U` and `D`, this thread's tiles are configured, the guarantees of
/// [`GemmArguments`] hold, the left side is stored in parts, panels have room for whole chunks, and
/// there are as many words for sums as the [`schedule`] needs. `fma` is the micro-kernel of f32 for
/// panels of the same width.
#[inline(always)]
pub unsafe fn gemm<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>>(
    arguments: &GemmArguments,
    fma: MicroKernelFn,
) {
    if arguments.rows == 0 || arguments.panels == 0 {
        return;
    }
    // SAFETY: the caller guarantees it.
    unsafe {
        if arguments.rows <= ROWS {
            few_rows::<U, D>(arguments, fma);
        } else {
            many_rows::<U, D>(arguments, fma);
        }
    }
}

/// More rows than two tiles: while a block is multiplied, the weights of the next one are split.
///
/// # Safety
/// As for [`gemm`].
#[inline(always)]
unsafe fn many_rows<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>>(
    arguments: &GemmArguments,
    fma: MicroKernelFn,
) {
    let schedule = schedule(arguments.rows, arguments.panels, arguments.steps);
    let mut outputs = Outputs::<U, D, true>::new(arguments);
    let (mut first, mut second) = (Weights::<BLOCK_CHUNKS>::new(), Weights::<BLOCK_CHUNKS>::new());
    let (mut current, mut following) = (&mut first, &mut second);
    let mut next = schedule.first();
    if let Some(block) = &next {
        // SAFETY: the panel has the chunks of the block.
        unsafe { splitting::<D>(arguments, block, following, 1).finish() }
    }
    while let Some(block) = next {
        next = schedule.after(&block);
        swap(&mut current, &mut following);
        let steps = block.pairs() * block.chunks * SIX_PRODUCTS.len();
        // After the last block there is none: it is split once more, to no use.
        let upcoming = next.unwrap_or(block);
        let mut splitting = splitting::<D>(arguments, &upcoming, following, steps);
        let words = upcoming.chunks * CHUNK_WORDS;
        let after_it = right_side(arguments, &upcoming, CHUNK_WORDS).wrapping_add(words);
        let mut prefetching = Prefetching::<U>::new(after_it, words / TILE, steps);
        // SAFETY: the block is one of the schedule, and its weights are split. The panel has the
        // chunks of the next one, and the sums of what is pending are still there.
        unsafe {
            if schedule.is_first_of_rows(&block) {
                outputs.finish();
            }
            let weights = current.as_ptr();
            let mut work = (&mut prefetching, &mut splitting);
            products(&schedule, &block, weights, fma, &mut outputs, &mut work);
            splitting.finish();
        }
    }
    // SAFETY: the sums of the last rows are still there.
    unsafe { outputs.finish() }
}

/// The products of a block, pair by pair.
///
/// # Safety
/// As for [`gemm`]; the block is one of the schedule, `weights` has its weights' parts, and what
/// `work` needs is there.
#[inline(always)]
unsafe fn products<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>, I: Interleaved>(
    schedule: &Schedule,
    block: &Block,
    weights: *const u32,
    fma: MicroKernelFn,
    outputs: &mut Outputs<'_, U, D, true>,
    work: &mut I,
) {
    let arguments = outputs.arguments();
    let is_last = schedule.is_last_of_k(block);
    for pair in 0..block.pairs() {
        let rows = block.pair(pair);
        let product = product_of_pair(arguments, schedule, block, pair, weights, PARTS);
        let sums = product.sums;
        outputs.begin(block.chunks * SIX_PRODUCTS.len(), is_last.then_some(rows));
        // SAFETY: the tiles of these rows are among the block's; there are sums for two tiles of
        // rows in each pair, and those of the rows that exist are written before they are read.
        // What is pending has other sums.
        unsafe {
            U::six_products(&product, &mut (&mut *outputs, &mut *work));
            outputs.finish();
            if is_last {
                by_fma(&of_panel(arguments, block.panel), rows.first_row, rows.rows, fma, sums);
                outputs.complete(rows, sums);
            }
        }
    }
}

/// The splitting of a block's weights, in `steps` steps.
#[inline(always)]
fn splitting<'a, D: Dot<Register: Parts>>(
    arguments: &GemmArguments,
    block: &Block,
    to: &'a mut Weights<BLOCK_CHUNKS>,
    steps: usize,
) -> Splitting<'a, D::Register> {
    Splitting::new(right_side(arguments, block, CHUNK_WORDS).cast(), block.chunks, to, steps)
}
