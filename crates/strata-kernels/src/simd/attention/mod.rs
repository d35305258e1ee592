//! Attention of one sequence and head with a running softmax (Milakov and Gimelshein, 2018; the
//! order of FlashAttention): no `(t, t)` matrix is ever in memory.
//!
//! Letters: `t` keys, `d` columns of a head, `n` queries at a time. A register holds one number of
//! each of its queries, so maxima and sums over keys are plain operations between registers, and
//! what is computed for one query never meets another's: a block that is not full changes no bit.

mod operands;

use super::functions::exp2;
use super::lanes::{Lanes, Rows};
use super::micro_kernel::{Dot, by_height, heights, multiply};
use crate::table::{Attention, KEYS, Left, QUERIES};
pub(crate) use operands::{AsBf16, AsTheyAre};
use operands::{Operands, Prepared};

/// The register that operands are computed in.
type RegisterOf<O> = <<O as Operands>::Dot as Dot>::Register;

/// All queries, `W` registers of them at a time while there are so many left.
///
/// # Safety
/// The CPU has the features of `O`; [`Attention`]'s promises hold.
#[inline(always)]
pub(crate) unsafe fn attention<O: Operands>(of: &Attention) {
    let n = RegisterOf::<O>::N;
    // SAFETY: `first..first + n` are among the queries.
    unsafe {
        let prepared = O::prepare(of);
        let mut first = 0;
        while first < of.queries {
            let left = of.queries - first;
            if left > n {
                block::<O, 2>(of, &prepared, first, left.min(2 * n));
                first += 2 * n;
            } else {
                block::<O, 1>(of, &prepared, first, left);
                first += n;
            }
        }
    }
}

/// The queries `first..first + n`, `n` at most `W` registers full.
#[inline(always)]
unsafe fn block<O: Operands, const W: usize>(
    of: &Attention,
    prepared: &Prepared,
    first: usize,
    n: usize,
) {
    let width = W * RegisterOf::<O>::N;
    // SAFETY: scratch holds three blocks of `QUERIES` columns, no fewer than `width`.
    unsafe {
        let queries = of.scratch; // (words of d, width)
        let output = queries.add(of.d * QUERIES); // (d, width)
        let scores = output.add(of.d * QUERIES); // (KEYS, width)
        let rows = O::queries(of, first, n);
        transpose::<RegisterOf<O>>(
            rows,
            O::words(of.d),
            Rows { first: queries, stride: width, count: n },
        );
        let mut softmax = Softmax::<RegisterOf<O>, W>::new(of.scale);
        for start in (0..of.t).step_by(KEYS) {
            let keys = KEYS.min(of.t - start);
            // (keys, d)·(d, width)
            for (row, height) in heights(keys, O::Dot::HEIGHT) {
                let left = prepared.keys;
                let left = Left { at: left.at.add((start + row) * left.rows), ..left };
                let out = scores.add(row * width);
                tiles::<O::Dot, W>(height, left, O::words(of.d), queries, out, [None; 2]);
            }
            let correction = softmax.take::<O>(scores, keys);
            let before = (start > 0).then_some(&correction);
            let whole = softmax.reciprocals();
            let after = (start + keys == of.t).then_some(&whole);
            // (d, keys)·(keys, width), on top of what was there.
            for (row, height) in heights(of.d, O::Dot::HEIGHT) {
                let left = prepared.values;
                let left = Left { at: left.at.add(O::words(start) * left.steps + row), ..left };
                let out = output.add(row * width);
                tiles::<O::Dot, W>(height, left, O::words(keys), scores, out, [before, after]);
            }
        }
        scatter::<RegisterOf<O>>(of, first, n, output, width);
    }
}

/// `(height, steps)·(steps, width)` to `out`, with factors of each column, if given: what was there
/// times the first is added, and the sum multiplied by the second.
#[inline(always)]
unsafe fn tiles<D: Dot, const W: usize>(
    height: usize,
    a: Left,
    steps: usize,
    b: *const f32,
    out: *mut f32,
    factors: [Option<&[D::Register; W]>; 2],
) {
    // SAFETY: as the caller vouches.
    unsafe {
        by_height!(height, D::HEIGHT, M => one_tile::<D, M, W>(a, steps, b, out, factors));
    }
}

#[inline(always)]
unsafe fn one_tile<D: Dot, const M: usize, const W: usize>(
    a: Left,
    steps: usize,
    b: *const f32,
    out: *mut f32,
    [before, after]: [Option<&[D::Register; W]>; 2],
) {
    // SAFETY: as the caller vouches: `out` is valid for `M` rows of `W` registers.
    unsafe {
        let at = |row, w| out.add((row * W + w) * D::Register::N);
        let mut sums = [[D::Register::splat(0.0); W]; M];
        multiply::<D, M, W>(a, steps, b.cast(), &mut sums);
        // Each whole loop by itself, or the sums go through memory.
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

/// The running softmax of `W` registers of queries.
struct Softmax<V, const W: usize> {
    /// What scores are multiplied by.
    scale: V,
    /// The largest so far, scaled, and the sum of `2^(score − largest)`.
    largest: [V; W],
    sums: [V; W],
}

impl<V: Lanes, const W: usize> Softmax<V, W> {
    #[inline(always)]
    unsafe fn new(scale: f32) -> Self {
        // SAFETY: the caller vouches for the instruction set.
        unsafe {
            let (scale, low) = (V::splat(scale), V::splat(f32::NEG_INFINITY));
            Self { scale, largest: [low; W], sums: [V::splat(0.0); W] }
        }
    }

    /// Scores `(keys, width)` → `2^(score − largest so far)`, as the product with values reads them, in
    /// place. Gives the factor that what was summed before is to be corrected by.
    #[inline(always)]
    unsafe fn take<O: Operands<Dot: Dot<Register = V>>>(
        &mut self,
        scores: *mut f32,
        keys: usize,
    ) -> [V; W] {
        // Overwritten below, register by register.
        let mut corrections = self.sums;
        for (w, correction) in corrections.iter_mut().enumerate() {
            // SAFETY: `key` is below `keys`, of which there is room for an even number; each row has
            // `W` registers.
            unsafe {
                let at = |key: usize| scores.add((key * W + w) * V::N);
                let mut high = V::load(at(0));
                for key in 1..keys {
                    high = high.max(V::load(at(key)));
                }
                let high = self.largest[w].max(high.mul(self.scale));
                let below = V::splat(0.0).sub(high);
                *correction = exp2(self.largest[w].sub(high));
                let mut sum = self.sums[w].mul(*correction);
                for key in (0..keys).step_by(2) {
                    let first = exp2(V::load(at(key)).mul_add(self.scale, below));
                    sum = sum.add(first);
                    let mut second = V::splat(0.0);
                    if key + 1 < keys {
                        second = exp2(V::load(at(key + 1)).mul_add(self.scale, below));
                        sum = sum.add(second);
                    }
                    O::put_pair([first, second], key / 2, scores.add(w * V::N), W * V::N);
                }
                (self.largest[w], self.sums[w]) = (high, sum);
            }
        }
        corrections
    }

    /// What to divide by in the end, as factors.
    #[inline(always)]
    unsafe fn reciprocals(&self) -> [V; W] {
        let mut factors = self.sums;
        for factor in &mut factors {
            // SAFETY: the caller vouches for the instruction set.
            *factor = unsafe { V::splat(1.0).div(*factor) };
        }
        factors
    }
}

/// `(rows, columns)` → `(columns, rows)`, in blocks, and number by number what is no whole block wide.
#[inline(always)]
unsafe fn transpose<V: Lanes>(from: Rows<*const f32>, columns: usize, to: Rows<*mut f32>) {
    let whole = columns - columns % V::N;
    for i in (0..from.count).step_by(V::N) {
        let count = V::N.min(from.count - i);
        // SAFETY: rows and columns are those that there are; each row of `to` has whole registers.
        unsafe {
            let rows = Rows { first: from.first.add(i * from.stride), count, ..from };
            for j in (0..whole).step_by(V::N) {
                let rows = Rows { first: rows.first.add(j), ..rows };
                let out = to.first.add(j * to.stride + i);
                V::transpose(rows, Rows { first: out, stride: to.stride, count: V::N });
            }
            for j in whole..columns {
                for lane in 0..count {
                    *to.first.add(j * to.stride + i + lane) =
                        *rows.first.add(lane * from.stride + j);
                }
            }
        }
    }
}

/// Output `(d, width)` to rows of `out`.
#[inline(always)]
unsafe fn scatter<V: Lanes>(
    of: &Attention,
    first: usize,
    n: usize,
    output: *const f32,
    width: usize,
) {
    let whole = of.d - of.d % V::N;
    for i in (0..n).step_by(V::N) {
        let count = V::N.min(n - i);
        // SAFETY: `first + i` and the `count` that follow are among the queries, `j` is below `d`.
        unsafe {
            let out = of.out.add((first + i) * of.out_stride);
            for j in (0..whole).step_by(V::N) {
                let columns = Rows { first: output.add(j * width + i), stride: width, count: V::N };
                V::transpose(columns, Rows { first: out.add(j), stride: of.out_stride, count });
            }
            for j in whole..of.d {
                for lane in 0..count {
                    *out.add(lane * of.out_stride + j) = *output.add(j * width + i + lane);
                }
            }
        }
    }
}
