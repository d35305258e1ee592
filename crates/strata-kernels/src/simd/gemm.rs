//! A block of rows times one panel, with what follows the product done while the tile is in cache.

use std::mem::MaybeUninit;

use super::super::table::{Activation, Ahead, Finish, Left, Panel};
use super::functions::{gelu, gelu_rounded, gelu_tanh, relu};
use super::lanes::Lanes;
use super::micro_kernel::{Dot, by_height, heights, tile};

/// Words of a page.
const PAGE: usize = 1024;

/// Words of the largest tile: 12 rows of 32.
const TILE: usize = 12 * 32;

/// A tile's accumulators between product and epilogue.
#[repr(align(64))]
struct Tile([MaybeUninit<u32>; TILE]);

/// Every row of `panel`, tile by tile.
///
/// # Safety
/// The CPU has the features of `D`, and [`Panel`]'s promises hold.
#[inline(always)]
pub(crate) unsafe fn product<D: Dot>(
    panel: &Panel,
    tile_of: unsafe fn(usize, Left, usize, *const u32, Ahead, *mut u32),
) {
    let mut words = Tile([MaybeUninit::uninit(); TILE]);
    for (at, (start, height)) in heights(panel.rows, D::HEIGHT).enumerate() {
        let ahead = ahead::<D>(panel, at);
        // SAFETY: the rows `start..start + height` are among the panel's, and a tile of them fits
        // into `words`, `HEIGHT · 2N` at most; it is written before it is read.
        unsafe {
            let left = Left { at: panel.a.at.add(start * panel.a.rows), ..panel.a };
            tile_of(height, left, panel.steps, panel.b, ahead, words.0.as_mut_ptr().cast());
            finish::<D>(panel, start, height, words.0.as_ptr().cast());
        }
    }
}

/// What tile number `at` asks for: the next panel, half of it while each of the first two tiles is
/// computed, so that a lone sentence's weights come from memory evenly; after that, words of this
/// panel that are a page ahead, where the processor's own prefetching stops.
#[inline(always)]
fn ahead<D: Dot>(panel: &Panel, at: usize) -> Ahead {
    let columns = 2 * D::Register::N;
    let next = panel.b.wrapping_add(panel.steps * columns);
    let half = panel.steps * columns / 2;
    match at {
        0 if panel.rows <= D::HEIGHT => Ahead { at: next, stride: columns },
        0 => Ahead { at: next, stride: columns / 2 },
        1 => Ahead { at: next.wrapping_add(half), stride: columns / 2 },
        _ => Ahead { at: panel.b.wrapping_add(PAGE), stride: columns },
    }
}

/// Calls [`tile`] with a height known to the compiler, for up to 12 rows.
///
/// # Safety
/// As [`tile`]; `height` is from 1 to `D::HEIGHT`.
#[inline(always)]
pub(crate) unsafe fn tile_of<D: Dot>(
    height: usize,
    a: Left,
    steps: usize,
    b: *const u32,
    ahead: Ahead,
    out: *mut u32,
) {
    // SAFETY: as the caller vouches.
    unsafe {
        by_height!(height, D::HEIGHT, M => tile::<D, M>(a, steps, b, ahead, out));
    }
}

/// Accumulators → scaled, with bias, and what else the product ends on.
#[inline(always)]
unsafe fn finish<D: Dot>(panel: &Panel, start: usize, height: usize, words: *const u32) {
    let of = (panel, start, height, words);
    // SAFETY: as the caller vouches.
    unsafe {
        match panel.finish {
            Finish::Bias => each::<D::Register, Bias>(of),
            Finish::Residual => each::<D::Register, Residual>(of),
            Finish::Activation(Activation::Gelu) if D::ROUNDED => {
                each::<D::Register, GeluRounded>(of)
            }
            Finish::Activation(Activation::Gelu) => each::<D::Register, Gelu>(of),
            Finish::Activation(Activation::GeluTanh) => each::<D::Register, GeluTanh>(of),
            Finish::Activation(Activation::Relu) => each::<D::Register, Relu>(of),
        }
    }
}

/// The last operation on a register of outputs. A type, since a closure may end up as a call, with
/// none of the instructions that this is about.
trait Last {
    /// What goes to `out` for `x`.
    unsafe fn last<V: Lanes>(x: V, out: *const f32) -> V;
}

macro_rules! last {
    ($($name:ident: |$x:ident, $out:pat_param| $value:expr;)*) => {$(
        struct $name;

        impl Last for $name {
            #[inline(always)]
            unsafe fn last<V: Lanes>($x: V, $out: *const f32) -> V {
                // SAFETY: `out` is valid for a register, and the CPU has its features.
                unsafe {
                    $value
                }
            }
        }
    )*};
}

struct Bias;

impl Last for Bias {
    #[inline(always)]
    unsafe fn last<V: Lanes>(x: V, _: *const f32) -> V {
        x
    }
}

last! {
    Residual: |x, out| V::load(out).add(x);
    Gelu: |x, _| gelu(x);
    GeluRounded: |x, _| gelu_rounded(x);
    GeluTanh: |x, _| gelu_tanh(x);
    Relu: |x, _| relu(x);
}

/// `out[row][column] = last(sum · scales + bias)`, a register at a time.
#[inline(always)]
unsafe fn each<V: Lanes, L: Last>(
    (panel, start, height, words): (&Panel, usize, usize, *const u32),
) {
    for w in 0..2 {
        // SAFETY: row and column lie in the tile, in the panel's columns and in its rows.
        unsafe {
            let column = w * V::N;
            let bias = V::load(panel.bias.add(column));
            let words = |row: usize| words.add((row * 2 + w) * V::N).cast::<f32>();
            let out = |row: usize| panel.out.add((start + row) * panel.out_stride + column);
            if let Some(scales) = &panel.scales {
                let scale = V::load(scales.column.add(column));
                let sum = V::load(scales.column_sum.add(column));
                for row in 0..height {
                    // y = s_row·(s_column·Σqw) + (least_row·(s_column·Σw) + bias)
                    let offset = V::splat(*scales.row_least.add(start + row)).mul_add(sum, bias);
                    let factor = V::splat(*scales.row.add(start + row));
                    let value = V::load(words(row)).i32_to_f32().mul(scale).mul_add(factor, offset);
                    L::last(value, out(row)).store(out(row));
                }
            } else {
                for row in 0..height {
                    let value = V::load(words(row)).add(bias);
                    L::last(value, out(row)).store(out(row));
                }
            }
        }
    }
}
