//! Layer norm.

use super::lanes::Lanes;
use crate::arguments::LayerNormArguments;

/// Layer norm of one row of `c` numbers in place: `(x − mean)/√(variance + eps)·gain + bias`, the
/// variance over `c` (Ba et al., 2016). The columns after the last whole register are computed one
/// by one.
///
/// # Safety
/// The CPU has `V`'s features; `row`, `gain` and `bias` are valid for `c` numbers.
#[inline(always)]
unsafe fn layer_norm_row<V: Lanes>(
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
        for (i, at) in (0..whole).step_by(V::N).enumerate() {
            sums[i % 2] = sums[i % 2].add(V::load(row.add(at)));
        }
        let mut sum = sums[0].add(sums[1]).sum();
        for at in whole..c {
            sum += *row.add(at);
        }
        let mean = sum / c as f32;
        let means = V::splat(mean);
        let mut squares = [V::splat(0.0); 2];
        for (i, at) in (0..whole).step_by(V::N).enumerate() {
            let deviation = V::load(row.add(at)).sub(means);
            squares[i % 2] = deviation.mul_add(deviation, squares[i % 2]);
        }
        let mut square = squares[0].add(squares[1]).sum();
        for at in whole..c {
            let deviation = *row.add(at) - mean;
            square += deviation * deviation;
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
/// The CPU has `V`'s features, and the guarantees of [`LayerNormArguments`] hold.
#[inline(always)]
pub unsafe fn layer_norm<V: Lanes>(arguments: &LayerNormArguments) {
    let LayerNormArguments { first, stride, c, gain, bias, eps, .. } = *arguments;
    for row in 0..arguments.rows {
        // SAFETY: `row` is one of the rows, which are valid for `c` numbers, as gain and bias are.
        unsafe { layer_norm_row::<V>(first.add(row * stride), c, gain, bias, eps) }
    }
}
