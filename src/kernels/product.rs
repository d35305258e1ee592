//! A block of rows times one panel, with what follows the product done while the tile is in cache.

use std::mem::MaybeUninit;

use super::functions::{gelu, gelu_tanh, relu};
use super::lanes::Lanes;
use super::table::{Activation, Finish, Panel};
use super::tile::{Dot, Left, by_height, heights, tile};

/// Words of the largest tile: 12 rows of 32.
const TILE: usize = 12 * 32;

/// A tile's accumulators between product and epilogue.
#[repr(align(64))]
struct Tile([MaybeUninit<u32>; TILE]);

/// Every row of `panel`, tile by tile.
///
/// # Safety
/// The CPU has the features of `D` and `V`, which are of one width, and [`Panel`]'s promises hold.
#[inline(always)]
pub(super) unsafe fn product<D: Dot, V: Lanes>(
    panel: &Panel,
    tile_of: unsafe fn(usize, Left, usize, *const u32, *mut u32),
) {
    let mut words = Tile([MaybeUninit::uninit(); TILE]);
    for (start, height) in heights(panel.rows, D::HEIGHT) {
        // SAFETY: the rows `start..start + height` are among the panel's, and a tile of them fits
        // into `words`, `HEIGHT · 2N` at most; it is written before it is read.
        unsafe {
            let left = Left { at: panel.a.at.add(start * panel.a.rows), ..panel.a };
            tile_of(height, left, panel.steps, panel.b, words.0.as_mut_ptr().cast());
            finish::<D, V>(panel, start, height, words.0.as_ptr().cast());
        }
    }
}

/// Calls [`tile`] with a height known to the compiler, for up to 12 rows.
///
/// # Safety
/// As [`tile`]; `height` is from 1 to `D::HEIGHT`.
#[inline(always)]
pub(super) unsafe fn tile_of<D: Dot>(
    height: usize,
    a: Left,
    steps: usize,
    b: *const u32,
    out: *mut u32,
) {
    // SAFETY: as the caller vouches.
    unsafe {
        by_height!(height, D::HEIGHT, M => tile::<D, M>(a, steps, b, out));
    }
}

/// Accumulators → scaled, with bias, and what else the product ends on.
#[inline(always)]
unsafe fn finish<D: Dot, V: Lanes>(panel: &Panel, start: usize, height: usize, words: *const u32) {
    // SAFETY: the caller's promises; each arm writes the tile's own rows and columns.
    unsafe {
        match panel.finish {
            Finish::Bias => each::<D, V>(panel, start, height, words, |x, _| x),
            Finish::Residual => {
                each::<D, V>(panel, start, height, words, |x, out| V::load(out).add(x));
            }
            Finish::Activation(Activation::Gelu) => {
                each::<D, V>(panel, start, height, words, |x, _| gelu(x));
            }
            Finish::Activation(Activation::GeluTanh) => {
                each::<D, V>(panel, start, height, words, |x, _| gelu_tanh(x));
            }
            Finish::Activation(Activation::Relu) => {
                each::<D, V>(panel, start, height, words, |x, _| relu(x));
            }
        }
    }
}

/// `out[row][column] = last(sum · scales + bias, &out[row][column])`, a register at a time.
#[inline(always)]
unsafe fn each<D: Dot, V: Lanes>(
    panel: &Panel,
    start: usize,
    height: usize,
    words: *const u32,
    last: impl Fn(V, *const f32) -> V,
) {
    for row in 0..height {
        for w in 0..2 {
            // SAFETY: row and column lie in the tile, in the panel's columns and in its rows.
            unsafe {
                let at = words.add((row * 2 + w) * D::N);
                let bias = V::load(panel.bias.add(w * V::N));
                let value = match &panel.scales {
                    // y = s_row·(s_column·Σqw) + (least_row·(s_column·Σw) + bias)
                    Some(scales) => {
                        let column = w * V::N;
                        let row = start + row;
                        let offset = V::splat(*scales.row_least.add(row))
                            .mul_add(V::load(scales.column_sum.add(column)), bias);
                        V::load_i32(at)
                            .mul(V::load(scales.column.add(column)))
                            .mul_add(V::splat(*scales.row.add(row)), offset)
                    }
                    None => V::load(at.cast()).add(bias),
                };
                let out = panel.out.add((start + row) * panel.out_stride + w * V::N);
                last(value, out).store(out);
            }
        }
    }
}
