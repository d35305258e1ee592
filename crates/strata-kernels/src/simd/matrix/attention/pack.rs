//! Keys, values and queries as the tiles of attention's matmuls.

use super::scratch::Scratch;
use crate::arguments::AttentionArguments;
use crate::simd::lanes::{Bf16Words, StridedRows, load_up_to};
use crate::simd::matrix::{CHUNK, TILE, TILE_WORDS};
use crate::simd::rounding::to_bf16;

/// Rounds the keys.
///
/// # Safety
/// As for [`attention`].
#[inline(always)]
pub unsafe fn pack_keys<V: Bf16Words>(arguments: &AttentionArguments, scratch: &Scratch) {
    let AttentionArguments { k, kv_stride, t, d, .. } = *arguments;
    let chunks = d.div_ceil(CHUNK);
    for key in 0..t {
        let line = key / TILE * chunks * TILE_WORDS + key % TILE * TILE;
        // SAFETY: the key exists, and there is a line for it in each chunk.
        unsafe { round_row::<V>(k.add(key * kv_stride), d, scratch.keys.add(line)) }
    }
}

/// Rounds a row of `d` numbers to a line in each chunk's tile. Numbers beyond `d` are 0.
///
/// # Safety
/// The CPU has the features of `V`; `from` is valid for `d` numbers, `to` for the lines.
#[inline(always)]
unsafe fn round_row<V: Bf16Words>(from: *const f32, d: usize, to: *mut f32) {
    let chunks = d.div_ceil(CHUNK);
    // SAFETY: the caller guarantees the numbers and the lines.
    unsafe {
        if !d.is_multiple_of(CHUNK) {
            V::splat(0.0).store(to.add((chunks - 1) * TILE_WORDS));
        }
        to_bf16::<V>(from, d, to.cast(), TILE_WORDS * size_of::<u32>());
    }
}

/// Rounds the values, two keys to a word, and transposes them.
///
/// # Safety
/// As for [`attention`].
#[inline(always)]
pub unsafe fn pack_values<V: Bf16Words>(arguments: &AttentionArguments, scratch: &Scratch) {
    let AttentionArguments { v, kv_stride, t, d, .. } = *arguments;
    let chunks = t.div_ceil(CHUNK);
    for (chunk, first_key) in (0..t).step_by(CHUNK).enumerate() {
        for column in (0..d).step_by(TILE) {
            for step in 0..TILE {
                // SAFETY: keys below `t` exist and have columns below `d`; the tile has a row for
                // each step.
                unsafe {
                    let key = first_key + 2 * step;
                    let from = v.wrapping_add(key * kv_stride + column);
                    // Of a key that does not exist there are no numbers.
                    let first = load_up_to::<V>(from, if key < t { d - column } else { 0 });
                    let from = from.wrapping_add(kv_stride);
                    let second = load_up_to::<V>(from, if key + 1 < t { d - column } else { 0 });
                    first.bf16_words(second).store(scratch.tile.add(step * TILE));
                }
            }
            let to = (column / TILE * chunks + chunk) * TILE_WORDS;
            // SAFETY: there is a tile for each chunk and 16 columns of `d`.
            unsafe {
                V::transpose(
                    StridedRows { first: scratch.tile, stride: TILE, count: TILE },
                    StridedRows { first: scratch.values.add(to), stride: TILE, count: TILE },
                );
            }
        }
    }
}

/// Rounds and transposes the queries `first..first + n`.
///
/// # Safety
/// As for [`attention`]; these queries exist, and there are tiles for them.
#[inline(always)]
pub unsafe fn pack_queries<V: Bf16Words, const W: usize>(
    arguments: &AttentionArguments,
    scratch: &Scratch,
    first: usize,
    n: usize,
) {
    let AttentionArguments { q, q_stride, d, .. } = *arguments;
    for tile in 0..n.div_ceil(TILE) {
        let count = TILE.min(n - tile * TILE);
        for (chunk, column) in (0..d).step_by(CHUNK).enumerate() {
            // SAFETY: these queries exist and have columns below `d`; both tiles have a row for
            // each of 16 queries or steps.
            unsafe {
                for query in 0..count {
                    let from = q.add((first + tile * TILE + query) * q_stride + column);
                    round_row::<V>(from, CHUNK.min(d - column), scratch.tile.add(query * TILE));
                }
                let to = scratch.queries.add((chunk * W + tile) * TILE_WORDS);
                V::transpose(
                    StridedRows { first: scratch.tile, stride: TILE, count },
                    StridedRows { first: to, stride: TILE, count: TILE },
                );
            }
        }
    }
}
