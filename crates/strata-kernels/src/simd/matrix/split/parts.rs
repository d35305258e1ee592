//! Numbers in three parts.

use crate::simd::lanes::{Parts, load_up_to};
use crate::simd::matrix::{CHUNK, COLUMNS, PARTS, TILE, TILE_WORDS};

/// Words of a chunk of the right side.
pub const RIGHT_WORDS: usize = PARTS * COLUMNS / TILE * TILE_WORDS;

/// A row is split if the squares of its numbers, two at a time, add up to less.
const SQUARES: f32 = 1e36;

/// Splits `chunks` chunks of a panel's f32 numbers, `[step][column]`, into the tiles `[chunk][part]
/// [tile of columns][step][column]`. A word has numbers 16 steps apart, as on the left side.
///
/// # Safety
/// The CPU has the features of `V`; `from` is valid for the numbers, `to` for the tiles.
#[inline(always)]
pub unsafe fn split_weights<V: Parts>(from: *const f32, chunks: usize, to: *mut u32) {
    for chunk in 0..chunks {
        for step in 0..TILE {
            for column in (0..COLUMNS).step_by(V::N) {
                let tile = column / TILE * TILE_WORDS + step * TILE + column % TILE;
                // SAFETY: the chunk has these two steps and columns, and a tile a row for each
                // step.
                unsafe {
                    let from = from.add((chunk * CHUNK + step) * COLUMNS + column);
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
