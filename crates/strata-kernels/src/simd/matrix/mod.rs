//! GEMM and attention on a matrix unit, which multiplies tiles of 16 × 16 words at a time.
//!
//! [`unit`] has the operations of a unit as a trait; `x86_64::amx` implements it with AMX's
//! instructions, and the tests with plain loops that compute the same bits. Everything else is
//! written once: [`gemm`] for bf16 and int8, [`split`] for f32 in three parts of bf16, and
//! [`attention`].
//!
//! A unit reads rows of 64 bytes, fastest if they are aligned and a tile's rows lie one after
//! another. So both sides of a GEMM are stored tile by tile. The left side: `[tile of rows][chunk of
//! k][row][word]`; the right side: `[panel][chunk of k][tile of columns][step][column]`. A chunk is
//! 16 words of `k`.

pub mod attention;
mod epilogue;
pub mod gemm;
pub mod split;
mod unit;

#[cfg(test)]
pub use unit::SIX_PRODUCTS;
pub use unit::{MatrixUnit, PARTS, Product, TILE, TILE_WORDS};

use super::lanes::Lanes;

/// Rows of the sums that are computed at a time: two tiles.
pub const ROWS: usize = 2 * TILE;

/// Numbers of `k` in a chunk of bf16: two in each word.
pub const CHUNK: usize = 2 * TILE;

/// Columns of a panel: two tiles.
pub const COLUMNS: usize = 2 * TILE;

/// The place of word `(step, column)` in a panel that is stored tile by tile.
pub fn place_in_panel(step: usize, column: usize) -> usize {
    let (chunk, tile) = (step / TILE, column / TILE);
    (chunk * (COLUMNS / TILE) + tile) * TILE_WORDS + step % TILE * TILE + column % TILE
}

/// Prefetches a part of `words` words into the second-level cache: number `part` of `parts` almost equal ones.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
unsafe fn prefetch_part<V: Lanes>(first: *const u32, words: usize, part: usize, parts: usize) {
    if parts == 1 {
        // Of few rows the processor's own prefetching is faster.
        return;
    }
    let lines = words.div_ceil(TILE);
    for line in part * lines / parts..(part + 1) * lines / parts {
        // SAFETY: the caller guarantees the features; any address may be prefetched.
        unsafe { V::prefetch_far(first.wrapping_add(line * TILE).cast()) }
    }
}
