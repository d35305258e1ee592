//! Blocks of queries, and for each of them blocks of keys.

use super::distances::BlockDistances;
use super::operands::{LeftSides, Operands, RegisterOf};
use super::softmax::Softmax;
use super::token_scores::{ScoreBlock, add_token_scores};
use super::transpose::{scatter, transpose};
use super::upcoming::Upcoming;
use crate::arguments::{AttentionArguments, KEYS, LeftWords, MAX_LANES, QUERIES};
use crate::simd::dot::Dot;
use crate::simd::lanes::{Lanes, StridedRows};
use crate::simd::micro_kernel::multiply;
use crate::simd::tiles::{MAX_TILE_ROWS, by_rows, tiles};

/// All queries, two registers of them at a time while more than one register is left.
///
/// # Safety
/// The CPU has the features of `O`, and the guarantees of [`AttentionArguments`] hold.
#[inline(always)]
pub unsafe fn attention<O: Operands>(arguments: &AttentionArguments) {
    const { assert!(O::Dot::TILE_ROWS <= MAX_TILE_ROWS && RegisterOf::<O>::N <= MAX_LANES) };
    let n = RegisterOf::<O>::N;
    // SAFETY: the block has at least one query, and all of its queries exist.
    unsafe {
        let left_sides = O::prepare(arguments);
        let mut first = 0;
        while first < arguments.queries {
            let remaining = (arguments.queries - first).min(arguments.most_queries(first));
            if remaining > n {
                let count = remaining.min(2 * n);
                block::<O, 2>(arguments, &left_sides, first, count);
                first += count;
            } else {
                block::<O, 1>(arguments, &left_sides, first, remaining);
                first += remaining;
            }
        }
    }
}

/// The queries `first..first + n`, where `n` is at most `W` full registers.
///
/// # Safety
/// As for [`attention`]; these queries exist.
#[inline(always)]
unsafe fn block<O: Operands, const W: usize>(
    arguments: &AttentionArguments,
    left_sides: &LeftSides,
    first: usize,
    n: usize,
) {
    let AttentionArguments { d, scratch, .. } = *arguments;
    let all_keys = arguments.keys_of(first);
    let width = W * RegisterOf::<O>::N;
    // SAFETY: the three parts of scratch have rows of `QUERIES` columns, of which there are at
    // least `width`. Tiles are within the rows of keys, values, scores and output.
    unsafe {
        let queries = scratch; // (words of d, width)
        let output = queries.add(d * QUERIES); // (d, width)
        let scores = output.add(d * QUERIES); // (KEYS, width)
        transpose::<RegisterOf<O>>(
            O::queries(arguments, first, n),
            O::words(d),
            StridedRows { first: queries, stride: width, count: n },
        );
        let mut upcoming = Upcoming::new::<O>(arguments, first, n);
        let mut softmax = Softmax::<RegisterOf<O>, W>::new(arguments.scale);
        for start in all_keys.clone().step_by(KEYS) {
            let keys = KEYS.min(all_keys.end - start);
            // (keys, d)·(d, width)
            for (row, rows) in tiles(keys, O::Dot::TILE_ROWS) {
                let left = left_sides.keys;
                let left =
                    LeftWords { first: left.first.add((start + row) * left.row_stride), ..left };
                let out = scores.add(row * width);
                tile_of_rows::<O::Dot, W>(rows, left, O::words(d), queries, out, [None; 2]);
                upcoming.prefetch::<O>(arguments);
            }
            let distances = BlockDistances::new(arguments, first, start);
            if let Some(distances) = distances {
                distances.add::<RegisterOf<O>, W>(scores, keys);
            }
            if let Some(tables) = &arguments.tables {
                let block = ScoreBlock { first, n, start, keys };
                add_token_scores::<RegisterOf<O>, W>(tables, block, scores);
            }
            let correction = softmax.update::<O>(scores, keys, distances, scores);
            let before = (start > all_keys.start).then_some(&correction);
            let reciprocals = softmax.reciprocals();
            let after = (start + keys == all_keys.end).then_some(&reciprocals);
            // (d, keys)·(keys, width), added to the output so far.
            for (row, rows) in tiles(d, O::Dot::TILE_ROWS) {
                let left = left_sides.values;
                let offset = O::words(start) * left.step_stride + row;
                let left = LeftWords { first: left.first.add(offset), ..left };
                let out = output.add(row * width);
                let factors = [before, after];
                tile_of_rows::<O::Dot, W>(rows, left, O::words(keys), scores, out, factors);
            }
        }
        scatter::<RegisterOf<O>>(arguments, first, n, output, width);
    }
}

/// Calls [`tile`] with the number of rows as a constant.
///
/// # Safety
/// As for [`tile`]; `rows` is from 1 to `D::TILE_ROWS`.
#[inline(always)]
unsafe fn tile_of_rows<D: Dot, const W: usize>(
    rows: usize,
    a: LeftWords,
    steps: usize,
    b: *const f32,
    out: *mut f32,
    factors: [Option<&[D::Register; W]>; 2],
) {
    // SAFETY: `M` is `rows`; the caller guarantees what `tile` requires.
    unsafe {
        by_rows!(rows, D::TILE_ROWS, M => tile::<D, M, W>(a, steps, b, out, factors));
    }
}

/// `(M, steps)·(steps, width)` to `out`. With factors `before`, one per column, the previous
/// content of `out` times them is added; with factors `after`, the result is multiplied by them.
///
/// # Safety
/// As for [`multiply`]; `out` is valid for `M` rows of `W` registers.
#[inline(always)]
unsafe fn tile<D: Dot, const M: usize, const W: usize>(
    a: LeftWords,
    steps: usize,
    b: *const f32,
    out: *mut f32,
    [before, after]: [Option<&[D::Register; W]>; 2],
) {
    // SAFETY: the caller guarantees the operands and `out`, in which row and register are.
    unsafe {
        let at = |row, w| out.add((row * W + w) * D::Register::N);
        let mut sums = [[D::Register::splat(0.0); W]; M];
        multiply::<D, M, W>(a, steps, b.cast(), &mut sums);
        // Three separate loops: otherwise the compiler moves the sums through memory.
        if let Some(before) = before {
            for (row, sums) in sums.iter_mut().enumerate() {
                for (w, sum) in sums.iter_mut().enumerate() {
                    *sum = D::Register::load(at(row, w)).mul_add(before[w], *sum);
                }
            }
        }
        if let Some(after) = after {
            for sums in &mut sums {
                for (sum, factor) in sums.iter_mut().zip(after) {
                    *sum = sum.mul(*factor);
                }
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            for (w, sum) in sums.into_iter().enumerate() {
                sum.store(at(row, w));
            }
        }
    }
}
