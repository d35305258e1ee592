//! GEMM of a block of rows in bf16 or int8.

use std::mem::MaybeUninit;

use super::epilogue::finish;
use super::unit::{MatrixUnit, Product, TILE, TILE_WORDS};
use super::{BLOCK_ROWS, COLUMNS, PREFETCHED_LINES, ROWS, of_panel, part_to_prefetch};
use crate::arguments::GemmArguments;
use crate::simd::dot::Dot;
use crate::simd::epilogue::Tile;
use crate::simd::lanes::{Bf16Words, Parts};

/// Chunks of `k` that all rows of a block are multiplied with before the next ones follow, if there
/// are many: 24 KiB of a panel, which stay in a first-level cache of 48 KiB while the left side
/// streams by.
const CHUNKS: usize = 12;

/// The sums of a block of rows.
#[repr(align(64))]
struct Sums([MaybeUninit<u32>; BLOCK_ROWS * COLUMNS]);

/// The GEMM of all rows of the block and all panels.
///
/// # Safety
/// The CPU has the features of `U` and `D`, this thread's tiles are configured, the guarantees of
/// [`GemmArguments`] hold, and both sides are stored tile by tile.
#[inline(always)]
pub unsafe fn gemm<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>, const INT8: bool>(
    arguments: &GemmArguments,
) {
    for first_row in (0..arguments.rows).step_by(BLOCK_ROWS) {
        let rows = BLOCK_ROWS.min(arguments.rows - first_row);
        for panel in 0..arguments.panels {
            let arguments = &of_panel(arguments, panel);
            // SAFETY: rows and panel exist.
            unsafe { panel_gemm::<U, D, INT8>(arguments, first_row, rows, panel) }
        }
    }
}

/// The GEMM of `rows` rows from `first_row` on and one panel, two tiles of rows at a time.
/// Meanwhile the words that follow are prefetched.
///
/// # Safety
/// As for [`gemm`]; the arguments are those of the panel.
#[inline(always)]
unsafe fn panel_gemm<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>, const INT8: bool>(
    arguments: &GemmArguments,
    first_row: usize,
    rows: usize,
    panel: usize,
) {
    let GemmArguments { a_tiles, b, .. } = *arguments;
    let all_chunks = arguments.steps.div_ceil(TILE);
    let chunks = if all_chunks > CHUNKS + CHUNKS / 2 { CHUNKS } else { all_chunks };
    let pairs = rows.div_ceil(ROWS);
    let mut sums = Sums([MaybeUninit::uninit(); BLOCK_ROWS * COLUMNS]);
    for start in (0..all_chunks).step_by(chunks) {
        let chunks = chunks.min(all_chunks - start);
        let b = b.wrapping_add(start * TILE * COLUMNS);
        let next = b.wrapping_add(chunks * TILE * COLUMNS);
        for pair in 0..pairs {
            let row = first_row + pair * ROWS;
            let count = ROWS.min(first_row + rows - row);
            // Without further blocks of `k` no pair's sums are needed again.
            let kept = if chunks < all_chunks { pair } else { 0 };
            let sums = sums.0.as_mut_ptr().cast::<u32>().wrapping_add(kept * ROWS * COLUMNS);
            let a = a_tiles.first.wrapping_add(row / TILE * a_tiles.stride);
            let product = Product {
                a: a.wrapping_add(start * TILE_WORDS),
                a_stride: a_tiles.stride,
                b,
                chunks,
                sums,
                sums_stride: COLUMNS,
                row_tiles: count.div_ceil(TILE),
                column_tiles: COLUMNS / TILE,
                from_zero: start == 0,
                prefetch: part_to_prefetch(next, chunks, PREFETCHED_LINES, pair),
            };
            // SAFETY: the tiles of these rows are among the block's, and those of the panel are
            // valid for its chunks; there are sums for two tiles of rows in each pair, and those of
            // the rows that exist are written before they are read.
            unsafe {
                if INT8 {
                    U::int8(&product)
                } else {
                    U::bf16(&product)
                }
                if start + chunks == all_chunks {
                    finish::<D, false>(
                        &Tile { arguments, first_row: row, rows: count, sums },
                        panel,
                    );
                }
            }
        }
    }
}
