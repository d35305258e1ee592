//! Attention of one sequence and one attention head, with both matmuls in bf16 on a matrix unit.
//!
//! As in [`simd::attention`](crate::simd::attention), a register holds one number of each of its
//! queries: the scores are computed as `(keys, queries)`, the output as `(d, queries)`. Keys are
//! the left side of the first matmul, rounded but otherwise as they are; values are the left side
//! of the second one, transposed. Both are prepared once for all queries.

mod pack;
mod scratch;

use std::ops::Range;

use self::pack::{pack_keys, pack_queries, pack_values};
pub use self::scratch::attention_scratch;
use self::scratch::{KEYS, Scratch};
use super::unit::{MatrixUnit, Product, Start, TILE, TILE_WORDS};
use super::{CHUNK, COLUMNS, Nothing, ROWS};
use crate::arguments::{AttentionArguments, KEY_STEP, MAX_LANES, QUERIES};
use crate::simd::attention::{
    BlockDistances, ScoreBlock, Softmax, StorePowers, add_token_scores, scatter,
};
use crate::simd::lanes::{Bf16Words, Lanes};

/// All queries, two tiles of them at a time while more than one is left.
///
/// # Safety
/// The CPU has the features of `U` and `V`, this thread's tiles are configured, and the guarantees
/// of [`AttentionArguments`] hold.
#[inline(always)]
pub unsafe fn attention<U: MatrixUnit, V: Bf16Words>(arguments: &AttentionArguments) {
    const {
        assert!(V::N == TILE && MAX_LANES == TILE && QUERIES == COLUMNS);
        assert!(KEY_STEP.is_multiple_of(CHUNK));
    }
    // SAFETY: the blocks have at least one query, and all of their queries exist.
    unsafe {
        let scratch = Scratch::new(arguments);
        pack_keys::<V>(arguments, &scratch);
        pack_values::<V>(arguments, &scratch);
        let mut first = 0;
        while first < arguments.queries {
            let remaining = (arguments.queries - first).min(arguments.most_queries(first));
            if remaining > TILE {
                block::<U, V, 2>(arguments, &scratch, first, remaining);
            } else {
                block::<U, V, 1>(arguments, &scratch, first, remaining);
            }
            first += remaining;
        }
    }
}

/// The queries `first..first + n`, where `n` is at most `W` tiles.
///
/// # Safety
/// As for [`attention`]; these queries exist.
#[inline(always)]
unsafe fn block<U: MatrixUnit, V: Bf16Words, const W: usize>(
    arguments: &AttentionArguments,
    scratch: &Scratch,
    first: usize,
    n: usize,
) {
    let d = arguments.d;
    let all_keys = arguments.keys_of(first);
    let width = W * TILE;
    // SAFETY: the parts of scratch have room for `QUERIES` queries, of which there are at most as
    // many; keys and values are packed.
    unsafe {
        pack_queries::<V, W>(arguments, scratch, first, n);
        let mut softmax = Softmax::<V, W>::new(arguments.scale);
        for start in all_keys.clone().step_by(KEYS) {
            let keys = KEYS.min(all_keys.end - start);
            multiply_keys::<U, W>(scratch, d, start, keys);
            let distances = BlockDistances::new(arguments, first, start);
            if let Some(distances) = distances {
                distances.add::<V, W>(scratch.scores, keys);
            }
            if let Some(tables) = &arguments.tables {
                let block = ScoreBlock { first, n, start, keys };
                add_token_scores::<V, W>(tables, block, scratch.scores);
            }
            let correction =
                softmax.update::<Powers>(scratch.scores, keys, distances, scratch.powers);
            for pair in keys.div_ceil(2)..keys.next_multiple_of(CHUNK) / 2 {
                for w in 0..W {
                    Powers::store_pair::<W>([V::splat(0.0); 2], pair, w, scratch.powers);
                }
            }
            let is_first = start == all_keys.start;
            if !is_first {
                scale_columns(scratch.output, d, &correction);
            }
            let from = if is_first { Start::Zero } else { Start::Memory };
            multiply_values::<U, W>(arguments, scratch, start..start + keys, from);
        }
        scale_columns(scratch.output, d, &softmax.reciprocals());
        scatter::<V>(arguments, first, n, scratch.output, width);
    }
}

/// Powers of two keys to a word, as the right side of a matmul with the values.
struct Powers;

impl<V: Bf16Words> StorePowers<V> for Powers {
    const APPROXIMATE: bool = true;

    #[inline(always)]
    unsafe fn store_pair<const W: usize>(
        [first, second]: [V; 2],
        pair: usize,
        w: usize,
        to: *mut f32,
    ) {
        let tile = (pair / TILE * W + w) * TILE_WORDS + pair % TILE * TILE;
        // SAFETY: the caller guarantees the features, and room for all pairs up to this one.
        unsafe { first.bf16_words(second).store(to.add(tile)) }
    }
}

/// `(keys, d)·(d, queries)`, the scores of the keys from `start` on.
///
/// # Safety
/// As for [`block`]; `start` is a multiple of [`CHUNK`].
#[inline(always)]
unsafe fn multiply_keys<U: MatrixUnit, const W: usize>(
    scratch: &Scratch,
    d: usize,
    start: usize,
    keys: usize,
) {
    let chunks = d.div_ceil(CHUNK);
    for row in (0..keys).step_by(ROWS) {
        // SAFETY: the tiles of these keys and of the queries are packed; there are scores for whole
        // tiles.
        unsafe {
            let product = Product {
                a: scratch.keys.add((start + row) / TILE * chunks * TILE_WORDS).cast(),
                a_stride: chunks * TILE_WORDS,
                b: scratch.queries.cast(),
                chunks,
                sums: scratch.scores.add(row * W * TILE).cast(),
                sums_stride: W * TILE,
                row_tiles: (keys - row).min(ROWS).div_ceil(TILE),
                column_tiles: W,
                start: Start::Zero,
                store: true,
            };
            U::bf16(&product, &mut Nothing);
        }
    }
}

/// `(d, keys)·(keys, queries)`, added to what `from` says.
///
/// # Safety
/// As for [`multiply_keys`]; the first of the keys is a multiple of [`CHUNK`].
#[inline(always)]
unsafe fn multiply_values<U: MatrixUnit, const W: usize>(
    arguments: &AttentionArguments,
    scratch: &Scratch,
    keys: Range<usize>,
    from: Start,
) {
    let AttentionArguments { t, d, .. } = *arguments;
    let chunks = t.div_ceil(CHUNK);
    for column in (0..d).step_by(ROWS) {
        // SAFETY: the tiles of these keys' values and powers are packed; there is output for whole
        // tiles.
        unsafe {
            let tile = column / TILE * chunks + keys.start / CHUNK;
            let product = Product {
                a: scratch.values.add(tile * TILE_WORDS).cast(),
                a_stride: chunks * TILE_WORDS,
                b: scratch.powers.cast(),
                chunks: keys.len().div_ceil(CHUNK),
                sums: scratch.output.add(column * W * TILE).cast(),
                sums_stride: W * TILE,
                row_tiles: (d - column).min(ROWS).div_ceil(TILE),
                column_tiles: W,
                start: from,
                store: true,
            };
            U::bf16(&product, &mut Nothing);
        }
    }
}

/// Multiplies each of `rows` rows of `W` registers by `factors`.
///
/// # Safety
/// The CPU has the features of `V`; `first` is valid for the rows.
#[inline(always)]
unsafe fn scale_columns<V: Lanes, const W: usize>(first: *mut f32, rows: usize, factors: &[V; W]) {
    for row in 0..rows {
        for (w, factor) in factors.iter().enumerate() {
            let at = first.wrapping_add((row * W + w) * V::N);
            // SAFETY: the caller guarantees the features and the rows.
            unsafe { V::load(at).mul(*factor).store(at) }
        }
    }
}
