//! GEMM and attention on a matrix unit, which multiplies tiles of 16 × 16 words at a time.
//!
//! [`mod@unit`] has the operations of a unit as a trait; `x86_64::amx` implements it with AMX's
//! instructions, and the tests with plain loops that compute the same bits. Everything else is
//! written once: [`gemm`] for bf16 and int8, [`split`] for f32 in three parts of bf16, and
//! [`attention`]. [`schedule`] says in which order the products of a GEMM follow each other, and
//! [`interleaved`] what is done between their instructions, such as the epilogue of the
//! [`outputs`] that are complete.
//!
//! A unit reads rows of 64 bytes, fastest if they are aligned and a tile's rows lie one after
//! another. So both sides of a GEMM are stored tile by tile. The left side: `[tile of rows][chunk of
//! k][row][word]`; the right side: `[panel][chunk of k][tile of columns][step][column]`. A chunk is
//! 16 words of `k`.

pub mod attention;
mod epilogue;
pub mod gemm;
mod interleaved;
mod outputs;
mod pairs;
mod prefetching;
pub mod schedule;
pub mod split;
mod unit;

pub use interleaved::{Interleaved, Nothing};
pub use unit::{MatrixUnit, PARTS, Product, SIX_PRODUCTS, Start, TILE, TILE_WORDS};

use crate::arguments::{GemmArguments, Int8Scales};

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

/// The arguments of one of the panels.
#[inline(always)]
fn of_panel(arguments: &GemmArguments, panel: usize) -> GemmArguments {
    let columns = panel * COLUMNS;
    let scales = arguments.scales.as_ref().map(|scales| Int8Scales {
        column: scales.column.wrapping_add(columns),
        column_sum: scales.column_sum.wrapping_add(columns),
        ..*scales
    });
    GemmArguments {
        b: arguments.b.wrapping_add(panel * arguments.panel_words),
        bias: arguments.bias.wrapping_add(columns),
        scales,
        out: arguments.out.wrapping_add(columns),
        ..*arguments
    }
}
