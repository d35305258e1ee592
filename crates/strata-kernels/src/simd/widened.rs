//! GEMM in bf16 for processors whose FMA is faster than their instructions for bf16: weights are
//! widened to f32, which is exact, and multiplied as in f32. The rows stay in f32: rounding them
//! would gain nothing.

use std::ptr;

use super::dot::Dot;
use super::epilogue::{Tile, epilogue};
use super::gemm::{Sums, prefetch_outputs};
use super::lanes::{Lanes, Widen};
use super::tiles::{MAX_TILE_ROWS, tiles};
use crate::arguments::{GemmArguments, LeftWords, MAX_LANES, Prefetch};
use crate::table::MicroKernelFn;

/// The sums of a tile, of rows in f32 and `steps` words of two bf16. Writes the words, widened, to
/// `widened`, `[k][column]`, unless it is null.
///
/// # Safety
/// The CPU has the features of the kernel's module. `rows` is from 1 to the micro-kernel's, and
/// `steps` at least 1; `a` is valid for `rows` rows of two numbers per step, `b` for `steps` words of
/// each of the panel's columns, `sums` for `rows` rows of as many words, and `widened` for twice as
/// many words as `b`.
pub type WideningTileFn = unsafe fn(
    rows: usize,
    a: LeftWords,
    steps: usize,
    b: *const u32,
    sums: *mut u32,
    widened: *mut u32,
);

/// The GEMM of all rows of the block. The first tile widens the panel for the others, while FMA
/// waits for nothing; one tile alone keeps nothing of it.
///
/// # Safety
/// The CPU has the features of `D`, the guarantees of [`GemmArguments`] hold, the rows are f32, the
/// words of `b` have two bf16, and `scratch` is valid for two words for each of them. Both kernels
/// are those of `D`.
#[inline(always)]
pub unsafe fn gemm_widened<D: Dot<Register: Widen>>(
    arguments: &GemmArguments,
    micro_kernel: MicroKernelFn,
    widening_tile: WideningTileFn,
) {
    const { assert!(D::TILE_ROWS <= MAX_TILE_ROWS && D::Register::N <= MAX_LANES) };
    let GemmArguments { a, rows, k, steps, b, scratch, next_panel, .. } = *arguments;
    let count = rows.div_ceil(D::TILE_ROWS);
    // Without a number for the upper half of the last word, it isn't multiplied.
    let in_first_tile = k.is_multiple_of(2);
    if !in_first_tile {
        // SAFETY: the caller guarantees the words of the panel and of `scratch`.
        unsafe { widen::<D::Register>(b, steps, scratch) }
    }
    // The tiles that read what is widened prefetch an equal part of the next panel.
    let step_stride = D::Register::N.div_ceil(count.saturating_sub(1).max(1));
    let mut sums = Sums::new();
    let sums = sums.as_mut_ptr();
    for (tile, (first_row, rows)) in tiles(rows, D::TILE_ROWS).enumerate() {
        // SAFETY: the rows are among the block's. The sums of a tile fit into `sums`, and are
        // written before they are read. What is widened has numbers for `k` steps.
        unsafe {
            let left = LeftWords { first: a.first.add(first_row * a.row_stride), ..a };
            prefetch_outputs::<D>(arguments, first_row, rows);
            if tile == 0 && in_first_tile {
                let widened = if count > 1 { scratch } else { ptr::null_mut() };
                widening_tile(rows, left, steps, b, sums, widened);
            } else {
                let first = next_panel.wrapping_add(tile.saturating_sub(1) * k * step_stride);
                let prefetch = Prefetch { first, step_stride };
                micro_kernel(rows, left, k, scratch, prefetch, sums);
            }
            epilogue::<D>(&Tile { arguments, first_row, rows, sums });
        }
    }
}

/// Widens words, `[step][column]` with two numbers of `k` each, to `[k][column]`.
///
/// # Safety
/// The CPU has the features of `V`; `from` is valid for the words of `steps` steps, `to` for twice as
/// many.
#[inline(always)]
pub unsafe fn widen<V: Widen>(from: *const u32, steps: usize, to: *mut u32) {
    let columns = 2 * V::N;
    for step in 0..steps {
        for column in (0..columns).step_by(V::N) {
            // SAFETY: the step has these words, and so have the two of its numbers.
            unsafe {
                let words = V::load(from.add(step * columns + column).cast());
                let to = to.add(2 * step * columns + column);
                words.low_half().store(to.cast());
                words.cut().store(to.add(columns).cast());
            }
        }
    }
}
