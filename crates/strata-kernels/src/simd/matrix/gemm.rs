//! GEMM of a block of rows and one panel, in bf16 or int8.

use std::mem::MaybeUninit;

use super::epilogue::finish;
use super::unit::{MatrixUnit, Product, TILE};
use super::{COLUMNS, ROWS, prefetch_part};
use crate::arguments::GemmArguments;
use crate::simd::dot::Dot;
use crate::simd::epilogue::Tile;
use crate::simd::lanes::{Bf16Words, Parts};

/// The sums of two tiles of rows and two of columns, between product and epilogue.
#[repr(align(64))]
struct Sums([MaybeUninit<u32>; ROWS * COLUMNS]);

/// The GEMM of all rows of the block and all panels, two tiles of rows at a time. Meanwhile the next
/// panel is prefetched.
///
/// # Safety
/// The CPU has the features of `U` and `D`, this thread's tiles are configured, the guarantees of
/// [`GemmArguments`] hold, and both sides are stored tile by tile.
#[inline(always)]
pub unsafe fn gemm<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>, const INT8: bool>(
    arguments: &GemmArguments,
) {
    for panel in 0..arguments.panels {
        // SAFETY: the panel exists.
        unsafe { panel_gemm::<U, D, INT8>(&arguments.of_panel(panel), panel) }
    }
}

/// The GEMM of all rows and one panel.
///
/// # Safety
/// As for [`gemm`]; the arguments are those of the panel.
#[inline(always)]
unsafe fn panel_gemm<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>, const INT8: bool>(
    arguments: &GemmArguments,
    panel: usize,
) {
    let GemmArguments { rows, steps, a_tiles, b, panel_words, .. } = *arguments;
    let pairs = rows.div_ceil(ROWS);
    let mut sums = Sums([MaybeUninit::uninit(); ROWS * COLUMNS]);
    for pair in 0..pairs {
        let first_row = pair * ROWS;
        let count = ROWS.min(rows - first_row);
        let product = Product {
            a: a_tiles.first.wrapping_add(first_row / TILE * a_tiles.stride),
            a_stride: a_tiles.stride,
            b,
            chunks: steps.div_ceil(TILE),
            sums: sums.0.as_mut_ptr().cast(),
            sums_stride: COLUMNS,
            row_tiles: count.div_ceil(TILE),
            column_tiles: COLUMNS / TILE,
            from_zero: true,
        };
        // SAFETY: the tiles of these rows are among the block's, and those of the panel are valid
        // for its chunks; `sums` has two tiles of rows and two of columns, and those of the rows
        // that exist are written before they are read.
        unsafe {
            prefetch_part::<D::Register>(b.wrapping_add(panel_words), panel_words, pair, pairs);
            if INT8 {
                U::int8(&product)
            } else {
                U::bf16(&product)
            }
            let sums = sums.0.as_ptr().cast();
            finish::<D, false>(&Tile { arguments, first_row, rows: count, sums }, panel);
        }
    }
}
