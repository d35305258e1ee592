//! GEMM of a block of rows in bf16 or int8.

use super::COLUMNS;
use super::outputs::Outputs;
use super::pairs::{product_of_pair, right_side};
use super::prefetching::Prefetching;
use super::schedule::Schedule;
use super::unit::{MatrixUnit, TILE};
use crate::arguments::GemmArguments;
use crate::simd::dot::Dot;
use crate::simd::lanes::{Bf16Words, Parts};

/// Chunks of `k` that all rows of a block are multiplied with before the next ones follow, if there
/// are many: 24 KiB of a panel, which stay in a first-level cache of 48 KiB while the left side
/// streams by.
const BLOCK_CHUNKS: usize = 12;

/// The same for all panels: the left side of these chunks and the sums of all panels stay in a
/// second-level cache of 2 MiB.
const ROUND_CHUNKS: usize = 48;

/// Words of a chunk of a panel, and its lines.
const CHUNK_WORDS: usize = TILE * COLUMNS;
const CHUNK_LINES: usize = CHUNK_WORDS / TILE;

/// How many of them are prefetched if there are few rows, which take what the processor prefetches
/// by itself: with all of them or none bf16 is slower by a twentieth.
const FEW_LINES: usize = 4;

/// The order of the products for rows of `steps` words.
#[inline(always)]
pub fn schedule(rows: usize, panels: usize, steps: usize) -> Schedule {
    let chunks = steps.div_ceil(TILE);
    // Instead of a small remainder, one block or round is larger.
    let up_to = |most: usize| if chunks > most + most / 2 { most } else { chunks };
    let (round_chunks, block_chunks) = (up_to(ROUND_CHUNKS), up_to(BLOCK_CHUNKS));
    Schedule::new(rows, panels, chunks, round_chunks, block_chunks)
}

/// The GEMM of all rows and all panels.
///
/// # Safety
/// The CPU has the features of `U` and `D`, this thread's tiles are configured, the guarantees of
/// [`GemmArguments`] hold, both sides are stored tile by tile, and there are as many words for sums
/// as the [`schedule`] needs.
#[inline(always)]
pub unsafe fn gemm<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>, const INT8: bool>(
    arguments: &GemmArguments,
) {
    let GemmArguments { rows, panels, steps, .. } = *arguments;
    let schedule = schedule(rows, panels, steps);
    let mut outputs = Outputs::<U, D, false>::new(arguments);
    let mut next = schedule.first();
    while let Some(block) = next {
        next = schedule.after(&block);
        let b = right_side(arguments, &block, CHUNK_WORDS);
        // After the last block there is none: it is prefetched once more, to no use.
        let upcoming = next.unwrap_or(block);
        let lines = upcoming.chunks * if block.pairs() > 1 { CHUNK_LINES } else { FEW_LINES };
        let steps = block.pairs() * block.chunks;
        let mut prefetching =
            Prefetching::<U>::new(right_side(arguments, &upcoming, CHUNK_WORDS), lines, steps);
        let is_last = schedule.is_last_of_k(&block);
        if schedule.is_first_of_rows(&block) {
            // SAFETY: the sums of the rows before are still there.
            unsafe { outputs.finish() }
        }
        for pair in 0..block.pairs() {
            let rows = block.pair(pair);
            let product = product_of_pair(arguments, &schedule, &block, pair, b, 1);
            outputs.begin(block.chunks, is_last.then_some(rows));
            let mut work = (&mut outputs, &mut prefetching);
            // SAFETY: the tiles of these rows are among the block's, and those of the panel are
            // valid for its chunks; there are sums for two tiles of rows in each pair, and those of
            // the rows that exist are written before they are read. What is pending has other sums.
            unsafe {
                if INT8 {
                    U::int8(&product, &mut work)
                } else {
                    U::bf16(&product, &mut work)
                }
                outputs.finish();
                if is_last {
                    outputs.complete(rows, product.sums);
                }
            }
        }
    }
    // SAFETY: the sums of the last rows are still there.
    unsafe { outputs.finish() }
}
