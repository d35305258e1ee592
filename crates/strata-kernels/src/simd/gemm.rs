//! GEMM of a block of rows and one panel. The epilogue runs while the tile is in cache.

use std::mem::MaybeUninit;

use super::dot::{Dot, Prefetching};
use super::epilogue::{Tile, epilogue};
use super::lanes::Lanes;
use super::tiles::{MAX_TILE_ROWS, tiles};
use crate::arguments::{GemmArguments, LeftWords, MAX_LANES, Prefetch};
use crate::table::MicroKernelFn;

/// Words per memory page.
const PAGE_WORDS: usize = 1024;

/// Words of the largest tile.
const TILE_WORDS: usize = MAX_TILE_ROWS * 2 * MAX_LANES;

/// A tile's sums between micro-kernel and epilogue.
#[repr(align(64))]
pub struct Sums([MaybeUninit<u32>; TILE_WORDS]);

impl Sums {
    #[inline(always)]
    pub fn new() -> Self {
        Self([MaybeUninit::uninit(); TILE_WORDS])
    }

    #[inline(always)]
    pub fn as_mut_ptr(&mut self) -> *mut u32 {
        self.0.as_mut_ptr().cast()
    }
}

/// The GEMM of all rows of the block, tile by tile.
///
/// # Safety
/// The CPU has the features of `D`, the guarantees of [`GemmArguments`] hold, and `micro_kernel` is
/// that of `D`.
#[inline(always)]
pub unsafe fn gemm<D: Dot>(arguments: &GemmArguments, micro_kernel: MicroKernelFn) {
    const { assert!(D::TILE_ROWS <= MAX_TILE_ROWS && D::Register::N <= MAX_LANES) };
    let GemmArguments { a, steps, b, .. } = *arguments;
    let mut sums = Sums::new();
    let sums = sums.as_mut_ptr();
    for (tile, (first_row, rows)) in tiles(arguments.rows, D::TILE_ROWS).enumerate() {
        let prefetch = prefetch::<D>(arguments, tile);
        // SAFETY: the rows `first_row..first_row + rows` are among the block's. The sums of a tile,
        // `TILE_ROWS · 2N` at most, fit into `sums`, and are written before they are read.
        unsafe {
            let left = LeftWords { first: a.first.add(first_row * a.row_stride), ..a };
            prefetch_outputs::<D>(arguments, first_row, rows);
            micro_kernel(rows, left, steps, b, prefetch, sums);
            epilogue::<D>(&Tile { arguments, first_row, rows, sums });
        }
    }
}

/// Prefetches the lines of a tile's outputs, if that is worth it.
///
/// # Safety
/// The CPU has the features of `D`, and the rows are among the block's.
#[inline(always)]
pub unsafe fn prefetch_outputs<D: Dot>(arguments: &GemmArguments, first_row: usize, rows: usize) {
    for row in first_row..first_row + rows {
        // SAFETY: the row has outputs for two registers.
        unsafe {
            let out = arguments.out.add(row * arguments.out_stride);
            D::prefetch_output(out.add(D::Register::N - 1));
            D::prefetch_output(out.add(2 * D::Register::N - 1));
        }
    }
}

/// The words that tile number `tile` prefetches: see [`Prefetching`].
#[inline(always)]
fn prefetch<D: Dot>(arguments: &GemmArguments, tile: usize) -> Prefetch {
    let columns = 2 * D::Register::N;
    let next_panel = arguments.next_panel;
    let half = arguments.steps * columns / 2;
    match D::PREFETCHING {
        Prefetching::Thorough => {
            let step_stride = columns.div_ceil(arguments.rows.div_ceil(D::TILE_ROWS));
            let first = next_panel.wrapping_add(tile * arguments.steps * step_stride);
            Prefetch { first, step_stride }
        }
        Prefetching::Sparse => match tile {
            0 if arguments.rows <= D::TILE_ROWS => {
                Prefetch { first: next_panel, step_stride: columns }
            }
            0 => Prefetch { first: next_panel, step_stride: columns / 2 },
            1 => Prefetch { first: next_panel.wrapping_add(half), step_stride: columns / 2 },
            _ => Prefetch { first: arguments.b.wrapping_add(PAGE_WORDS), step_stride: columns },
        },
    }
}
