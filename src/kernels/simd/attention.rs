//! Attention of one sequence and head with a running softmax (Milakov and Gimelshein, 2018; the
//! order of FlashAttention): no `(t, t)` matrix is ever in memory.
//!
//! Letters: `t` keys, `d` columns of a head, `n` queries at a time. A register holds one number of
//! each of its queries, so maxima and sums over keys are plain operations between registers, and
//! what is computed for one query never meets another's: a block that is not full changes no bit.

use super::super::table::{Attention, KEYS, Left, QUERIES};
use super::functions::exp2;
use super::lanes::Lanes;
use super::tile::{Dot, by_height, heights, multiply};

/// All queries, `W` registers of them at a time while there are so many left.
///
/// # Safety
/// The CPU has the features of `D` and `V`, which are of one width; [`Attention`]'s promises hold.
#[inline(always)]
pub(super) unsafe fn attention<D, V>(of: &Attention)
where
    D: Dot<Register = V>,
    V: Lanes,
{
    let mut first = 0;
    while first < of.queries {
        let left = of.queries - first;
        // SAFETY: `first..first + n` are among the queries.
        unsafe {
            if left > V::N {
                block::<D, V, 2>(of, first, left.min(2 * V::N));
                first += 2 * V::N;
            } else {
                block::<D, V, 1>(of, first, left);
                first += V::N;
            }
        }
    }
}

/// The queries `first..first + n`, `n` at most `W` registers full.
#[inline(always)]
unsafe fn block<D, V, const W: usize>(of: &Attention, first: usize, n: usize)
where
    D: Dot<Register = V>,
    V: Lanes,
{
    let width = W * V::N;
    // SAFETY: scratch holds three blocks of `QUERIES` columns, no fewer than `width`.
    unsafe {
        let queries = of.scratch; // (d, width)
        let output = queries.add(of.d * QUERIES); // (d, width)
        let scores = output.add(of.d * QUERIES); // (KEYS, width)
        // What isn't in use yet, or no longer, holds the rows of a block that is not full.
        gather::<V>(of, first, n, width, queries, output);
        let mut largest = [V::splat(f32::NEG_INFINITY); W];
        let mut sums = [V::splat(0.0); W];
        for start in (0..of.t).step_by(KEYS) {
            let keys = KEYS.min(of.t - start);
            // (keys, d)·(d, width)
            let rows =
                Left { at: of.k.add(start * of.kv_stride).cast(), rows: of.kv_stride, steps: 1 };
            for (row, height) in heights(keys, D::HEIGHT) {
                let left = Left { at: rows.at.add(row * rows.rows), ..rows };
                let out = scores.add(row * width);
                tiles::<D, V, W>(height, left, of.d, queries, out, None);
            }
            let correction = softmax::<V, W>(scores, keys, &mut largest, &mut sums);
            let correction = if start == 0 { [V::splat(0.0); W] } else { correction };
            // (d, keys)·(keys, width), on top of what was there.
            let columns =
                Left { at: of.v.add(start * of.kv_stride).cast(), rows: 1, steps: of.kv_stride };
            for (row, height) in heights(of.d, D::HEIGHT) {
                let left = Left { at: columns.at.add(row), ..columns };
                let out = output.add(row * width);
                let before = (start > 0).then_some(&correction);
                tiles::<D, V, W>(height, left, keys, scores, out, before);
            }
        }
        scatter::<V, W>(of, first, n, output, &sums, queries);
    }
}

/// Queries `(n, d)`, scaled, to `(d, width)`; zeros in the columns that are left. `spare` is valid for
/// a register's rows of `d`.
#[inline(always)]
unsafe fn gather<V: Lanes>(
    of: &Attention,
    first: usize,
    n: usize,
    width: usize,
    to: *mut f32,
    spare: *mut f32,
) {
    let whole = of.d - of.d % V::N;
    for i in (0..width).step_by(V::N) {
        let lanes = n.saturating_sub(i).min(V::N);
        // SAFETY: `first + i` and the `lanes` that follow are among the queries, `j` is below `d`,
        // `i` and the register that follows are below `width`.
        unsafe {
            let mut from = of.q.add((first + i.min(n)) * of.q_stride);
            let mut stride = of.q_stride;
            if lanes < V::N {
                // Not enough rows to read: a copy that has them.
                for lane in 0..V::N {
                    let row = spare.add(lane * of.d);
                    if lane < lanes {
                        row.copy_from_nonoverlapping(from.add(lane * stride), of.d);
                    } else {
                        row.write_bytes(0, of.d);
                    }
                }
                (from, stride) = (spare, of.d);
            }
            for j in (0..whole).step_by(V::N) {
                V::transpose(from.add(j), stride, to.add(j * width + i), width);
            }
            for j in whole..of.d {
                for lane in 0..V::N {
                    *to.add(j * width + i + lane) = *from.add(lane * stride + j);
                }
            }
        }
    }
    for at in (0..of.d * width).step_by(V::N) {
        // SAFETY: `at` is below `d · width`.
        unsafe { V::load(to.add(at)).mul(V::splat(of.scale)).store(to.add(at)) }
    }
}

/// `(height, steps)·(steps, width)` to `out`, added to what is there times `before`, if given.
#[inline(always)]
unsafe fn tiles<D, V, const W: usize>(
    height: usize,
    a: Left,
    steps: usize,
    b: *const f32,
    out: *mut f32,
    before: Option<&[V; W]>,
) where
    D: Dot<Register = V>,
    V: Lanes,
{
    // SAFETY: as the caller vouches.
    unsafe {
        by_height!(height, D::HEIGHT, M => one_tile::<D, V, M, W>(a, steps, b, out, before));
    }
}

#[inline(always)]
unsafe fn one_tile<D, V, const M: usize, const W: usize>(
    a: Left,
    steps: usize,
    b: *const f32,
    out: *mut f32,
    before: Option<&[V; W]>,
) where
    D: Dot<Register = V>,
    V: Lanes,
{
    // SAFETY: as the caller vouches: `out` is valid for `M` rows of `W` registers.
    unsafe {
        let mut sums = [[V::splat(0.0); W]; M];
        if let Some(before) = before {
            for (row, sums) in sums.iter_mut().enumerate() {
                for (w, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(out.add((row * W + w) * V::N)).mul(before[w]);
                }
            }
        }
        multiply::<D, M, W>(a, steps, b.cast(), &mut sums);
        for (row, sums) in sums.into_iter().enumerate() {
            for (w, sum) in sums.into_iter().enumerate() {
                sum.store(out.add((row * W + w) * V::N));
            }
        }
    }
}

/// Scores `(keys, width)` → `2^(score − largest so far)`, in place. Keeps the largest and the sum of
/// each column, and gives the factor that what was summed before is to be corrected by.
#[inline(always)]
unsafe fn softmax<V: Lanes, const W: usize>(
    scores: *mut f32,
    keys: usize,
    largest: &mut [V; W],
    sums: &mut [V; W],
) -> [V; W] {
    // Overwritten below, register by register.
    let mut corrections = *sums;
    for w in 0..W {
        // SAFETY: `key` is below `keys`, and each row has `W` registers.
        unsafe {
            let at = |key: usize| scores.add((key * W + w) * V::N);
            let mut high = largest[w];
            for key in 0..keys {
                high = high.max(V::load(at(key)));
            }
            let correction = exp2(largest[w].sub(high));
            let mut sum = sums[w].mul(correction);
            for key in 0..keys {
                let power = exp2(V::load(at(key)).sub(high));
                power.store(at(key));
                sum = sum.add(power);
            }
            (largest[w], sums[w], corrections[w]) = (high, sum, correction);
        }
    }
    corrections
}

/// Output `(d, width)` over its columns' sums, to rows of `out`. `spare` is valid for a register's rows
/// of `d`.
#[inline(always)]
unsafe fn scatter<V: Lanes, const W: usize>(
    of: &Attention,
    first: usize,
    n: usize,
    output: *mut f32,
    sums: &[V; W],
    spare: *mut f32,
) {
    let width = W * V::N;
    let whole = of.d - of.d % V::N;
    for (w, sum) in sums.iter().enumerate() {
        // SAFETY: `j` is below `d`, `w` below the registers of a row.
        unsafe {
            let factor = V::splat(1.0).div(*sum);
            for j in 0..of.d {
                let at = output.add(j * width + w * V::N);
                V::load(at).mul(factor).store(at);
            }
        }
    }
    for i in (0..n).step_by(V::N) {
        let lanes = (n - i).min(V::N);
        // SAFETY: `first + i` and the `lanes` that follow are among the queries, `j` is below `d`.
        unsafe {
            let out = of.out.add((first + i) * of.out_stride);
            // Not enough rows to write: a copy that has them.
            let (to, stride) = if lanes < V::N { (spare, of.d) } else { (out, of.out_stride) };
            for j in (0..whole).step_by(V::N) {
                V::transpose(output.add(j * width + i), width, to.add(j), stride);
            }
            for j in whole..of.d {
                for lane in 0..lanes {
                    *to.add(lane * stride + j) = *output.add(j * width + i + lane);
                }
            }
            if lanes < V::N {
                for lane in 0..lanes {
                    let row = out.add(lane * of.out_stride);
                    row.copy_from_nonoverlapping(spare.add(lane * of.d), of.d);
                }
            }
        }
    }
}
