//! The product of a pair of tiles of rows, and where its right side is.

use super::COLUMNS;
use super::schedule::{Block, PanelRows, Schedule};
use super::unit::{Product, TILE, TILE_WORDS};
use crate::arguments::GemmArguments;

/// The product of a pair of a block with `b`, if the left side has `parts` tiles in each chunk.
#[inline(always)]
pub fn product_of_pair(
    arguments: &GemmArguments,
    schedule: &Schedule,
    block: &Block,
    pair: usize,
    b: *const u32,
    parts: usize,
) -> Product {
    let PanelRows { first_row, rows, .. } = block.pair(pair);
    let a = arguments.a_tiles.of_row(first_row);
    Product {
        a: a.wrapping_add(block.first_chunk * parts * TILE_WORDS),
        a_stride: arguments.a_tiles.stride,
        b,
        chunks: block.chunks,
        sums: arguments.scratch.wrapping_add(schedule.sums_of_pair(block, pair)),
        sums_stride: COLUMNS,
        row_tiles: rows.div_ceil(TILE),
        column_tiles: COLUMNS / TILE,
        start: block.start(),
        store: true,
    }
}

/// The words of a block's chunks of its panel, if a chunk has `chunk_words` words.
#[inline(always)]
pub fn right_side(arguments: &GemmArguments, block: &Block, chunk_words: usize) -> *const u32 {
    let panel = arguments.b.wrapping_add(block.panel * arguments.panel_words);
    panel.wrapping_add(block.first_chunk * chunk_words)
}
