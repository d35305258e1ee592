//! Rounding to bf16 and to bytes, for the GEMMs of reduced dtypes.

use super::lanes::{Lanes, ToBf16};
use crate::arguments::in_lines;
use crate::bf16::bf16;
use crate::table::RowScale;

/// Rounds `n` numbers to the nearest bf16, ties to even, in lines that begin `line_stride` bytes
/// apart.
///
/// # Safety
/// The CPU has `V`'s features; `from` is valid for `n` numbers, and so are the lines at `to`.
#[inline(always)]
pub unsafe fn to_bf16<V: ToBf16>(from: *const f32, n: usize, to: *mut u16, line_stride: usize) {
    let whole = n - n % V::N;
    // SAFETY: every index is below `n`.
    unsafe {
        for at in (0..whole).step_by(V::N) {
            V::load(from.add(at)).store_bf16(in_lines(to, at, line_stride));
        }
        for at in whole..n {
            *in_lines(to, at, line_stride) = bf16(*from.add(at));
        }
    }
}

/// Rounds `n` numbers to bytes: the minimum becomes 0 and the maximum 255, so that
/// `x ≈ min + scale·byte`. The scale of a constant row is 0. If a number is non-finite, the scale
/// or the minimum is non-finite too, so that no output of the row is finite.
///
/// # Safety
/// The CPU has `V`'s features; `from` is valid for `n` numbers, and so are the lines at `to`, which
/// begin `line_stride` bytes apart; `n` is at least 1.
#[inline(always)]
pub unsafe fn quantize<V: Lanes>(
    from: *const f32,
    n: usize,
    to: *mut u8,
    line_stride: usize,
) -> RowScale {
    let whole = n - n % V::N;
    // SAFETY: every index is below `n`.
    unsafe {
        let (mut min, mut max) = (*from, *from);
        // Two registers of each, so that an operation does not wait for the one before.
        let mut mins = [V::splat(min); 2];
        let mut maxs = mins;
        // Zero times a non-finite number is NaN.
        let mut non_finites = [V::splat(0.0); 2];
        for (i, at) in (0..whole).step_by(V::N).enumerate() {
            let (x, half) = (V::load(from.add(at)), i % 2);
            (mins[half], maxs[half]) = (mins[half].min(x), maxs[half].max(x));
            non_finites[half] = x.mul_add(V::splat(0.0), non_finites[half]);
        }
        let (mins, maxs) = (mins[0].min(mins[1]), maxs[0].max(maxs[1]));
        let mut non_finite = non_finites[0].add(non_finites[1]).sum();
        (min, max) = (min.min(mins.min_lane()), max.max(maxs.max_lane()));
        for at in whole..n {
            let x = *from.add(at);
            (min, max) = (min.min(x), max.max(x));
            non_finite += 0.0 * x;
        }
        let range = max - min;
        let factor = if range > 0.0 { 255.0 / range } else { 0.0 };
        for at in (0..whole).step_by(V::N) {
            let x = V::load(from.add(at)).sub(V::splat(min)).mul(V::splat(factor));
            x.store_u8(in_lines(to, at, line_stride));
        }
        for at in whole..n {
            let x = (*from.add(at) - min) * factor;
            *in_lines(to, at, line_stride) = x.round_ties_even() as u8;
        }
        RowScale { scale: range / 255.0 + non_finite, min }
    }
}
