//! Rows that are computed by FMA, since they can't be split.

use crate::arguments::{GemmArguments, LeftWords, Prefetch};
use crate::simd::matrix::{CHUNK, COLUMNS, PARTS, TILE, TILE_WORDS};
use crate::table::MicroKernelFn;

/// Replaces the sums of those of the `count` rows from `first_row` on that are not split.
///
/// # Safety
/// As for [`gemm`]; these rows exist, and `sums` is valid for them.
#[inline(always)]
pub unsafe fn by_fma(
    arguments: &GemmArguments,
    first_row: usize,
    count: usize,
    fma: MicroKernelFn,
    sums: *mut u32,
) {
    for row in 0..count {
        // SAFETY: the left side has a mark for each row, and `row_by_fma` gets one of the rows.
        unsafe {
            if *arguments.by_fma.add(first_row + row) {
                row_by_fma(arguments, first_row + row, fma, sums.add(row * COLUMNS));
            }
        }
    }
}

/// The sums of a row by FMA. The numbers of the row are the sums of their parts.
///
/// # Safety
/// As for [`by_fma`]; the row exists, and `sums` is valid for it.
#[cold]
#[inline(never)]
unsafe fn row_by_fma(arguments: &GemmArguments, row: usize, fma: MicroKernelFn, sums: *mut u32) {
    let GemmArguments { a_tiles, steps, b, .. } = *arguments;
    let line = a_tiles.of_row(row).wrapping_add(row % TILE * TILE);
    let number = |step: usize| {
        let (chunk, at) = (step / CHUNK, step % CHUNK);
        let part = |part| {
            let word = line.wrapping_add((chunk * PARTS + part) * TILE_WORDS + at % TILE);
            // SAFETY: the left side has a word for each step and part of the row.
            let word = unsafe { *word };
            f32::from_bits(if at < TILE { word << 16 } else { word & 0xffff_0000 })
        };
        // Exact: each sum is the number with more bits of its significand.
        part(0) + (part(1) + part(2))
    };
    let numbers: Vec<f32> = (0..steps).map(number).collect();
    let left = LeftWords { first: numbers.as_ptr().cast(), row_stride: steps, step_stride: 1 };
    // SAFETY: the numbers are `steps` words; the caller guarantees the panel and the sums.
    unsafe { fma(1, left, steps, b, Prefetch { first: b, step_stride: COLUMNS }, sums) }
}
