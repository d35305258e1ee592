//! GEMM in f32 by six products of bf16.
//!
//! A number is the sum of three parts, of which each has the next 8 bits of its significand: the
//! number cut off after 8 bits, the rest cut off after 8 bits, and what remains. Of the nine
//! products of two numbers' parts the six largest are added; the others are together below 2^-22 of
//! the product.
//!
//! Weights are packed as f32 and split on the way, for a block of `k` and all rows: in memory they
//! have 4 bytes and not 6, which is what limits a single short text.
//!
//! A row that has a number that is not finite, or so large that a product might overflow where a
//! sum of f32 does not, is computed by FMA, from the sums of its parts. Nothing else decides that,
//! so that a row's bits don't depend on its neighbours.

use std::mem::MaybeUninit;

use super::epilogue::finish;
use super::unit::{MatrixUnit, PARTS, Product, TILE, TILE_WORDS};
use super::{CHUNK, COLUMNS, ROWS, prefetch_part};
use crate::arguments::{GemmArguments, LeftWords, Prefetch};
use crate::simd::dot::Dot;
use crate::simd::epilogue::Tile;
use crate::simd::lanes::{Bf16Words, Parts, load_up_to};
use crate::table::MicroKernelFn;

/// Chunks whose weights are split at a time: their parts stay in the first-level cache.
const CHUNKS: usize = 4;

/// The same for few rows: while one chunk is multiplied, the next one is split.
const CHUNKS_FOR_FEW_ROWS: usize = 1;

/// Rows whose sums are kept while the blocks of `k` follow each other.
const BLOCK_ROWS: usize = 256;

/// The most chunks of `k` that all panels are multiplied with before the next ones follow, if there
/// are more than twice as many: their left side stays in the second-level cache.
const CHUNKS_AT_A_TIME: usize = 12;

/// A row is split if the squares of its numbers, two at a time, add up to less.
const SQUARES: f32 = 1e36;

/// Words of a chunk of the right side.
const RIGHT_WORDS: usize = PARTS * COLUMNS / TILE * TILE_WORDS;

/// The parts of a block of weights.
#[repr(align(64))]
struct Weights([MaybeUninit<u32>; CHUNKS * RIGHT_WORDS]);

/// Rows and panels of a block, and the chunks of `k` that are multiplied at a time.
struct Work<'a> {
    arguments: &'a GemmArguments,
    first_row: usize,
    rows: usize,
    first_chunk: usize,
    chunks: usize,
}

/// Words of sums that [`gemm`] needs.
pub fn sums_words(rows: usize, panels: usize, k: usize) -> usize {
    let rows = rows.min(BLOCK_ROWS).next_multiple_of(ROWS);
    let at_a_time = chunks_at_a_time(k.div_ceil(CHUNK));
    let panels = if at_a_time < k.div_ceil(CHUNK) { panels } else { 1 };
    rows * panels * COLUMNS
}

fn chunks_at_a_time(chunks: usize) -> usize {
    if chunks > 2 * CHUNKS_AT_A_TIME { CHUNKS_AT_A_TIME } else { chunks }
}

/// The GEMM of all rows of the block and all panels.
///
/// # Safety
/// The CPU has the features of `U` and `D`, this thread's tiles are configured, the guarantees of
/// [`GemmArguments`] hold, the left side is stored in parts, panels have room for whole chunks, and
/// there are [`sums_words`] words for sums. `fma` is the micro-kernel of f32 for panels of the same
/// width.
#[inline(always)]
pub unsafe fn gemm<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>>(
    arguments: &GemmArguments,
    fma: MicroKernelFn,
) {
    let all_chunks = arguments.steps.div_ceil(CHUNK);
    let chunks = chunks_at_a_time(all_chunks);
    for first_row in (0..arguments.rows).step_by(BLOCK_ROWS) {
        let rows = BLOCK_ROWS.min(arguments.rows - first_row);
        for first_chunk in (0..all_chunks).step_by(chunks) {
            let chunks = chunks.min(all_chunks - first_chunk);
            let work = Work { arguments, first_row, rows, first_chunk, chunks };
            for panel in 0..arguments.panels {
                let kept = if chunks < all_chunks { panel } else { 0 };
                let at = kept * rows.next_multiple_of(ROWS) * COLUMNS;
                // SAFETY: the rows are among the block's, the chunks among those of `k`, and there
                // are sums for the rows of every panel, or for those of one.
                unsafe { panel_products::<U, D>(&work, panel, arguments.sums.add(at), fma) }
            }
        }
    }
}

/// Adds the products of some chunks to the sums of a panel. The epilogue follows the last ones.
///
/// # Safety
/// As for [`gemm`]; rows, chunks and panel exist, and `sums` is valid for whole tiles of the rows.
#[inline(always)]
unsafe fn panel_products<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>>(
    work: &Work<'_>,
    panel: usize,
    sums: *mut u32,
    fma: MicroKernelFn,
) {
    let Work { rows, first_chunk, chunks, .. } = *work;
    let arguments = &work.arguments.of_panel(panel);
    let all_chunks = arguments.steps.div_ceil(CHUNK);
    let pairs = rows.div_ceil(ROWS);
    let at_a_time = if pairs == 1 { CHUNKS_FOR_FEW_ROWS } else { CHUNKS };
    let mut weights = Weights([MaybeUninit::uninit(); CHUNKS * RIGHT_WORDS]);
    for start in (first_chunk..first_chunk + chunks).step_by(at_a_time) {
        let count = at_a_time.min(first_chunk + chunks - start);
        let from = arguments.b.wrapping_add(start * CHUNK * COLUMNS);
        let next = from.wrapping_add(count * CHUNK * COLUMNS);
        // SAFETY: the panel has these chunks, and `weights` room for their parts, which are written
        // before they are read. The tiles of the left side are those of the rows.
        unsafe {
            let weights = weights.0.as_mut_ptr().cast();
            split_weights::<D::Register>(from.cast(), count, weights);
            for pair in 0..pairs {
                prefetch_part::<D::Register>(next, count * CHUNK * COLUMNS, pair, pairs);
                let first_row = work.first_row + pair * ROWS;
                let count_rows = ROWS.min(rows - pair * ROWS);
                let tiles = arguments.a_tiles;
                let a = tiles.first.add(first_row / TILE * tiles.stride);
                let sums = sums.add(pair * ROWS * COLUMNS);
                U::six_products(&Product {
                    a: a.add(start * PARTS * TILE_WORDS),
                    a_stride: tiles.stride,
                    b: weights,
                    chunks: count,
                    sums,
                    sums_stride: COLUMNS,
                    row_tiles: count_rows.div_ceil(TILE),
                    column_tiles: COLUMNS / TILE,
                    from_zero: start == 0,
                });
                if start + count == all_chunks {
                    by_fma(arguments, first_row, count_rows, fma, sums);
                    let tile = Tile { arguments, first_row, rows: count_rows, sums };
                    finish::<D, true>(&tile, panel);
                }
            }
        }
    }
}

/// Replaces the sums of those of the `count` rows from `first_row` on that are not split.
///
/// # Safety
/// As for [`gemm`]; these rows exist, and `sums` is valid for them.
#[inline(always)]
unsafe fn by_fma(
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
    let line = a_tiles.first.wrapping_add(row / TILE * a_tiles.stride + row % TILE * TILE);
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

/// Splits `chunks` chunks of a panel's f32 numbers, `[step][column]`, into the tiles `[chunk][part]
/// [tile of columns][step][column]`. A word has numbers 16 steps apart, as on the left side.
///
/// # Safety
/// The CPU has the features of `V`; `from` is valid for the numbers, `to` for the tiles.
#[inline(always)]
unsafe fn split_weights<V: Parts>(from: *const f32, chunks: usize, to: *mut u32) {
    for chunk in 0..chunks {
        for step in 0..TILE {
            for column in (0..COLUMNS).step_by(V::N) {
                let tile = column / TILE * TILE_WORDS + step * TILE + column % TILE;
                // SAFETY: the chunk has these two steps and columns, and a tile a row for each
                // step.
                unsafe {
                    let from = from.add((chunk * CHUNK + step) * COLUMNS + column);
                    V::prefetch(from.wrapping_add(CHUNK * COLUMNS));
                    V::prefetch(from.wrapping_add((CHUNK + TILE) * COLUMNS));
                    let parts = weight_parts(V::load(from), V::load(from.add(TILE * COLUMNS)));
                    for (part, words) in parts.iter().enumerate() {
                        let at = chunk * RIGHT_WORDS + part * (RIGHT_WORDS / PARTS) + tile;
                        words.store(to.add(at).cast());
                    }
                }
            }
        }
    }
}

/// Splits a row of `n` numbers into lines of 16 words: part `p` of chunk `c` is at
/// `to + (c · PARTS + p) · TILE_WORDS`. Numbers beyond `n` are 0. Returns whether the row has to be
/// computed by FMA instead.
///
/// # Safety
/// The CPU has the features of `V`; `from` is valid for `n` numbers, `to` for the lines.
#[inline(always)]
pub unsafe fn split_row<V: Parts>(from: *const f32, n: usize, to: *mut u32) -> bool {
    let mut by_fma = false;
    for (chunk, first) in (0..n).step_by(CHUNK).enumerate() {
        for word in (0..TILE).step_by(V::N) {
            // SAFETY: what is read is among the `n` numbers, and what is written among the lines.
            unsafe {
                let at = first + word;
                let low = load_up_to::<V>(from.wrapping_add(at), n.saturating_sub(at));
                let at = at + TILE;
                let high = load_up_to::<V>(from.wrapping_add(at), n.saturating_sub(at));
                mark(low, high, &raw mut by_fma);
                let parts = parts(low, high);
                for (part, words) in parts.iter().enumerate() {
                    words.store(to.add((chunk * PARTS + part) * TILE_WORDS + word).cast());
                }
            }
        }
    }
    by_fma
}

/// Marks a row if some of its numbers are too large to be split, or not finite.
///
/// # Safety
/// The CPU has the features of `V`; `by_fma` is the mark of the row.
#[inline(always)]
pub unsafe fn mark<V: Parts>(low: V, high: V, by_fma: *mut bool) {
    // SAFETY: the caller guarantees the features and the mark.
    unsafe { *by_fma |= !low.mul_add(low, high.mul(high)).all_below(SQUARES) }
}

/// The parts of two registers of numbers, each with `low` in the lower halves of its words and
/// `high` in the upper halves. Of a number that is not finite the other parts are 0.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn parts<V: Parts>(low: V, high: V) -> [V; PARTS] {
    // SAFETY: the caller guarantees the features.
    unsafe { rest_parts(low, high, low.rest(), high.rest()) }
}

/// [`parts`] of weights: one that is not finite gives NaN.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
unsafe fn weight_parts<V: Parts>(low: V, high: V) -> [V; PARTS] {
    // SAFETY: the caller guarantees the features.
    unsafe { rest_parts(low, high, low.sub(low.cut()), high.sub(high.cut())) }
}

/// The parts of two registers of numbers, of which `low_1` and `high_1` are what remains after the
/// first part.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
unsafe fn rest_parts<V: Parts>(low: V, high: V, low_1: V, high_1: V) -> [V; PARTS] {
    // SAFETY: the caller guarantees the features.
    unsafe {
        let (low_2, high_2) = (low_1.sub(low_1.cut()), high_1.sub(high_1.cut()));
        [low.upper_halves(high), low_1.upper_halves(high_1), low_2.upper_halves(high_2)]
    }
}
