//! The epilogue of a GEMM whose output is the left side of the next one: the numbers are rounded or
//! split while they are in registers, and stored tile by tile.

use std::ptr;

use super::split::{mark, parts};
use super::{COLUMNS, PARTS, TILE, TILE_WORDS};
use crate::activation::Activation;
use crate::arguments::OutTiles;
use crate::epilogue::Epilogue;
use crate::simd::dot::Dot;
use crate::simd::epilogue::{
    Gelu, GeluRounded, GeluTanh, Identity, LastOperation, Relu, Tile, epilogue,
};
use crate::simd::lanes::{Bf16Words, Parts};

/// The epilogue of a tile of a panel, to rows of f32 or to the tiles of the next left side.
///
/// # Safety
/// As for [`epilogue`]; `tile` has the arguments of that panel alone.
#[inline(always)]
pub unsafe fn finish<D: Dot<Register: Parts + Bf16Words>, const SPLIT: bool>(
    tile: &Tile<'_>,
    panel: usize,
) {
    // SAFETY: the caller guarantees it.
    unsafe {
        match &tile.arguments.out_tiles {
            Some(out) => to_tiles::<D, SPLIT>(tile, out, panel),
            None => epilogue::<D>(tile),
        }
    }
}

/// Adds the bias, applies the activation function and stores the outputs as bf16, or in parts if
/// `SPLIT`. They are the chunk number `chunk` of the next GEMM's `k`.
///
/// # Safety
/// As for [`finish`]; the arguments have tiles for the output.
#[inline(always)]
unsafe fn to_tiles<D: Dot<Register: Parts + Bf16Words>, const SPLIT: bool>(
    tile: &Tile<'_>,
    out: &OutTiles,
    chunk: usize,
) {
    // SAFETY: the caller guarantees what `each_row` requires.
    unsafe {
        match tile.arguments.epilogue {
            Epilogue::Activation(Activation::Gelu) if D::ROUNDED => {
                each_row::<D::Register, GeluRounded, SPLIT>(tile, out, chunk)
            }
            Epilogue::Activation(Activation::Gelu) => {
                each_row::<D::Register, Gelu, SPLIT>(tile, out, chunk)
            }
            Epilogue::Activation(Activation::GeluTanh) => {
                each_row::<D::Register, GeluTanh, SPLIT>(tile, out, chunk)
            }
            Epilogue::Activation(Activation::Relu) => {
                each_row::<D::Register, Relu, SPLIT>(tile, out, chunk)
            }
            // A residual has nothing to be added to in tiles, and the other activations follow the
            // GEMM: the door lets neither through.
            Epilogue::Bias | Epilogue::Activation(_) | Epilogue::Residual | Epilogue::Product => {
                each_row::<D::Register, Identity, SPLIT>(tile, out, chunk)
            }
        }
    }
}

/// One row of two registers after another.
///
/// # Safety
/// As for [`to_tiles`].
#[inline(always)]
unsafe fn each_row<V: Parts + Bf16Words, L: LastOperation, const SPLIT: bool>(
    tile: &Tile<'_>,
    out: &OutTiles,
    chunk: usize,
) {
    let Tile { arguments, first_row, rows, sums } = *tile;
    const { assert!(V::N == TILE && COLUMNS == 2 * TILE) };
    let parts_per_chunk = if SPLIT { PARTS } else { 1 };
    // SAFETY: the rows are in the tile and among those of the output, which has lines for them.
    unsafe {
        let bias = [V::load(arguments.bias), V::load(arguments.bias.add(TILE))];
        for row in 0..rows {
            let sum = sums.add(row * COLUMNS).cast::<f32>();
            let low = L::apply(V::load(sum).add(bias[0]), ptr::null());
            let high = L::apply(V::load(sum.add(TILE)).add(bias[1]), ptr::null());
            let row = first_row + row;
            let line = row / TILE * out.stride + chunk * parts_per_chunk * TILE_WORDS;
            let line = out.first.add(line + row % TILE * TILE);
            if SPLIT {
                mark(low, high, out.by_fma.add(row));
                let parts = parts(low, high);
                for (part, words) in parts.iter().enumerate() {
                    words.store(line.add(part * TILE_WORDS).cast());
                }
            } else {
                low.store_bf16(line.cast());
                high.store_bf16(line.cast::<u16>().add(TILE));
            }
        }
    }
}
