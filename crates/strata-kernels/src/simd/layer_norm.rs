//! Operations over rows: layer norm, and rounding to what the reduced products read.

use super::super::table::NormRows;
use super::lanes::{Lanes, ToBf16};

/// Layer norm of one row of `c` numbers in place: `(x − mean)/√(variance + eps)·gain + bias`, the
/// variance over `c` (Ba et al., 2016). Columns beyond the last whole register go one by one.
///
/// # Safety
/// The CPU has `V`'s features; `row`, `gain` and `bias` are valid for `c` numbers.
#[inline(always)]
pub(crate) unsafe fn layer_norm_row<V: Lanes>(
    row: *mut f32,
    c: usize,
    gain: *const f32,
    bias: *const f32,
    eps: f32,
) {
    let whole = c - c % V::N;
    // SAFETY: every index is below `c`.
    unsafe {
        let mut sums = [V::splat(0.0); 2];
        for (turn, at) in (0..whole).step_by(V::N).enumerate() {
            sums[turn % 2] = sums[turn % 2].add(V::load(row.add(at)));
        }
        let mut sum = sums[0].add(sums[1]).sum();
        for at in whole..c {
            sum += *row.add(at);
        }
        let mean = sum / c as f32;
        let means = V::splat(mean);
        let mut squares = [V::splat(0.0); 2];
        for (turn, at) in (0..whole).step_by(V::N).enumerate() {
            let off = V::load(row.add(at)).sub(means);
            squares[turn % 2] = off.mul_add(off, squares[turn % 2]);
        }
        let mut square = squares[0].add(squares[1]).sum();
        for at in whole..c {
            let off = *row.add(at) - mean;
            square += off * off;
        }
        let scale = 1.0 / (square / c as f32 + eps).sqrt();
        let scales = V::splat(scale);
        for at in (0..whole).step_by(V::N) {
            let x = V::load(row.add(at)).sub(means).mul(scales);
            x.mul_add(V::load(gain.add(at)), V::load(bias.add(at))).store(row.add(at));
        }
        for at in whole..c {
            let x = row.add(at);
            *x = (*x - mean) * scale * *gain.add(at) + *bias.add(at);
        }
    }
}

/// [`layer_norm_row`] of each row.
///
/// # Safety
/// The CPU has `V`'s features, and [`NormRows`]'s promises hold.
#[inline(always)]
pub(crate) unsafe fn layer_norm<V: Lanes>(of: &NormRows) {
    for row in 0..of.rows {
        // SAFETY: as the caller vouches.
        unsafe {
            layer_norm_row::<V>(of.first.add(row * of.stride), of.c, of.gain, of.bias, of.eps);
        }
    }
}

/// `n` numbers rounded to the nearest bf16, ties to even.
///
/// # Safety
/// The CPU has `V`'s features; `from` and `to` are valid for `n` numbers.
#[inline(always)]
pub(crate) unsafe fn to_bf16<V: ToBf16>(from: *const f32, n: usize, to: *mut u16) {
    let whole = n - n % V::N;
    // SAFETY: every index is below `n`.
    unsafe {
        for at in (0..whole).step_by(V::N) {
            V::load(from.add(at)).store_bf16(to.add(at));
        }
        for at in whole..n {
            *to.add(at) = super::super::scalar::bf16(*from.add(at));
        }
    }
}

/// `n` numbers to bytes: 0 is the least of them, 255 the largest, `x ≈ least + scale·q`. Gives
/// `(scale, least)`; the scale of a constant row is 0. A row with NaN or infinity in it has a scale
/// or a least that isn't finite, so that no finite answer comes of it.
///
/// # Safety
/// The CPU has `V`'s features; `from` and `to` are valid for `n` numbers, `n` is at least 1.
#[inline(always)]
pub(crate) unsafe fn quantize<V: Lanes>(from: *const f32, n: usize, to: *mut u8) -> (f32, f32) {
    let whole = n - n % V::N;
    // SAFETY: every index is below `n`.
    unsafe {
        let (mut least, mut largest) = (*from, *from);
        // Two of each, so that none waits for the one before.
        let mut lows = [V::splat(least); 2];
        let mut highs = lows;
        // Zero times a number that isn't finite is NaN.
        let mut faults = [V::splat(0.0); 2];
        for (turn, at) in (0..whole).step_by(V::N).enumerate() {
            let (x, of) = (V::load(from.add(at)), turn % 2);
            (lows[of], highs[of]) = (lows[of].min(x), highs[of].max(x));
            faults[of] = x.mul_add(V::splat(0.0), faults[of]);
        }
        let (lows, highs) = (lows[0].min(lows[1]), highs[0].max(highs[1]));
        let mut fault = faults[0].add(faults[1]).sum();
        (least, largest) = (least.min(lows.least()), largest.max(highs.largest()));
        for at in whole..n {
            let x = *from.add(at);
            (least, largest) = (least.min(x), largest.max(x));
            fault += 0.0 * x;
        }
        let range = largest - least;
        let factor = if range > 0.0 { 255.0 / range } else { 0.0 };
        for at in (0..whole).step_by(V::N) {
            let x = V::load(from.add(at)).sub(V::splat(least)).mul(V::splat(factor));
            x.store_u8(to.add(at));
        }
        for at in whole..n {
            let x = (*from.add(at) - least) * factor;
            *to.add(at) = x.round_ties_even() as u8;
        }
        (range / 255.0 + fault, least)
    }
}
