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
//! A row that can't be split, because it has a number that is not finite, or because its numbers
//! are so large or so small that parts or products would leave the range of f32, is computed by
//! FMA. Nothing else decides that, so that a row's bits don't depend on its neighbours.

use std::mem::MaybeUninit;

use super::unit::{MatrixUnit, PARTS, Product, TILE, TILE_WORDS};
use super::{CHUNK, COLUMNS, ROWS, prefetch_part};
use crate::arguments::{GemmArguments, LeftWords, Prefetch};
use crate::simd::dot::Dot;
use crate::simd::epilogue::{Tile, epilogue};
use crate::simd::lanes::{Parts, load_up_to};
use crate::table::MicroKernelFn;

/// Chunks whose weights are split at a time: their parts stay in the first-level cache.
const CHUNKS: usize = 4;

/// Rows whose sums are kept while the blocks of `k` follow each other.
const BLOCK_ROWS: usize = 256;

/// A row whose sum of squares is between these bounds is split. Its largest number is then between
/// 1e-16 or so and 1e18.
const SQUARES: (f32, f32) = (1e-30, 1e36);

/// Words of a chunk of the right side.
const RIGHT_WORDS: usize = PARTS * COLUMNS / TILE * TILE_WORDS;

/// The parts of a block of weights.
#[repr(align(64))]
struct Weights([MaybeUninit<u32>; CHUNKS * RIGHT_WORDS]);

/// The sums of a block of rows.
#[repr(align(64))]
struct Sums([MaybeUninit<u32>; BLOCK_ROWS * COLUMNS]);

/// The GEMM of all rows of the block.
///
/// # Safety
/// The CPU has the features of `U` and `D`, this thread's tiles are configured, the guarantees of
/// [`GemmArguments`] hold, the left side is stored in parts, and the panel has room for whole
/// chunks. `fma` is the micro-kernel of f32 for panels of the same width.
#[inline(always)]
pub unsafe fn gemm<U: MatrixUnit, D: Dot<Register: Parts>>(
    arguments: &GemmArguments,
    fma: MicroKernelFn,
) {
    let mut sums = Sums([MaybeUninit::uninit(); BLOCK_ROWS * COLUMNS]);
    for first_row in (0..arguments.rows).step_by(BLOCK_ROWS) {
        let rows = BLOCK_ROWS.min(arguments.rows - first_row);
        // SAFETY: the rows are among the block's, and there are sums for as many.
        unsafe {
            let all = sums.0.as_mut_ptr().cast();
            products::<U, D::Register>(arguments, first_row, rows, all);
            for row in (0..rows).step_by(ROWS) {
                let count = ROWS.min(rows - row);
                let sums = all.add(row * COLUMNS);
                by_fma(arguments, first_row + row, count, fma, sums);
                epilogue::<D>(&Tile { arguments, first_row: first_row + row, rows: count, sums });
            }
        }
    }
}

/// The sums of `rows` rows from `first_row` on.
///
/// # Safety
/// As for [`gemm`]; these rows exist, and `sums` is valid for whole tiles of them.
#[inline(always)]
unsafe fn products<U: MatrixUnit, V: Parts>(
    arguments: &GemmArguments,
    first_row: usize,
    rows: usize,
    sums: *mut u32,
) {
    let GemmArguments { a_tiles, b, steps, .. } = *arguments;
    let chunks = steps.div_ceil(CHUNK);
    let pairs = rows.div_ceil(ROWS);
    let mut weights = Weights([MaybeUninit::uninit(); CHUNKS * RIGHT_WORDS]);
    for first_chunk in (0..chunks).step_by(CHUNKS) {
        let count = CHUNKS.min(chunks - first_chunk);
        let from = b.wrapping_add(first_chunk * CHUNK * COLUMNS);
        let next = from.wrapping_add(count * CHUNK * COLUMNS);
        // SAFETY: the panel has these chunks, and `weights` room for their parts, which are written
        // before they are read. The tiles of the left side are those of the rows.
        unsafe {
            let weights = weights.0.as_mut_ptr().cast();
            split_weights::<V>(from.cast(), count, weights);
            for pair in 0..pairs {
                prefetch_part::<V>(next, count * CHUNK * COLUMNS, pair, pairs);
                let row = first_row + pair * ROWS;
                let a = a_tiles.first.add(row / TILE * a_tiles.stride);
                U::six_products(&Product {
                    a: a.add(first_chunk * PARTS * TILE_WORDS),
                    a_stride: a_tiles.stride,
                    b: weights,
                    chunks: count,
                    sums: sums.add(pair * ROWS * COLUMNS),
                    sums_stride: COLUMNS,
                    row_tiles: (rows - pair * ROWS).min(ROWS).div_ceil(TILE),
                    column_tiles: COLUMNS / TILE,
                    from_zero: first_chunk == 0,
                });
            }
        }
    }
}

/// Replaces the sums of those of the `count` rows from `first_row` on that can't be split.
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
    let GemmArguments { a, steps, b, .. } = *arguments;
    for row in 0..count {
        // SAFETY: the left side has a mark and `steps` words for each row; the caller guarantees
        // the rest.
        unsafe {
            if !*arguments.by_fma.add(first_row + row) {
                continue;
            }
            let left = LeftWords { first: a.first.add((first_row + row) * a.row_stride), ..a };
            let prefetch = Prefetch { first: b, step_stride: COLUMNS };
            fma(1, left, steps, b, prefetch, sums.add(row * COLUMNS));
        }
    }
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
                    let words = parts(V::load(from), V::load(from.add(TILE * COLUMNS)));
                    for (part, words) in words.into_iter().enumerate() {
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
    // SAFETY: what is read is among the `n` numbers, and what is written among the lines.
    unsafe {
        let mut squares = [V::splat(0.0); 2];
        for (chunk, first) in (0..n).step_by(CHUNK).enumerate() {
            for word in (0..TILE).step_by(V::N) {
                let load = |at: usize| {
                    if at >= n { V::splat(0.0) } else { load_up_to::<V>(from.add(at), n - at) }
                };
                let pair = [load(first + word), load(first + TILE + word)];
                for (sum, x) in squares.iter_mut().zip(pair) {
                    *sum = x.mul_add(x, *sum);
                }
                for (part, words) in parts(pair[0], pair[1]).into_iter().enumerate() {
                    words.store(to.add((chunk * PARTS + part) * TILE_WORDS + word).cast());
                }
            }
        }
        let squares = squares[0].add(squares[1]).sum();
        // Also true if it is NaN.
        !(squares > SQUARES.0 && squares < SQUARES.1)
    }
}

/// The parts of two registers of numbers, each with `low` in the lower halves of its words and
/// `high` in the upper halves.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
unsafe fn parts<V: Parts>(mut low: V, mut high: V) -> [V; PARTS] {
    let mut words = [low; PARTS];
    for part in &mut words {
        // SAFETY: the caller guarantees the features.
        unsafe {
            *part = low.upper_halves(high);
            (low, high) = (low.sub(low.cut()), high.sub(high.cut()));
        }
    }
    words
}
