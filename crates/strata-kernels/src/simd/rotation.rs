//! Rotary position embedding.

use super::lanes::Lanes;
use crate::arguments::RotationArguments;

/// `(x, y) → (x·cos − y·sin, y·cos + x·sin)` for the columns `i` and `i + d/2` of each attention head.
/// The columns after the last whole register are computed one by one.
///
/// # Safety
/// The CPU has `V`'s features, and the guarantees of [`RotationArguments`] hold.
#[inline(always)]
pub unsafe fn rotate<V: Lanes>(arguments: &RotationArguments) {
    let RotationArguments { first, stride, heads, columns, .. } = *arguments;
    let half = columns / 2;
    let whole = half - half % V::N;
    for row in 0..arguments.rows {
        // SAFETY: `row` is one of the rows, `i` is below `half`, and there are as many cosines and
        // sines for the row's position.
        unsafe {
            let angles = *arguments.positions.add(row) as usize * half;
            let (cos, sin) = (arguments.cos.add(angles), arguments.sin.add(angles));
            for head in 0..heads {
                let x = first.add(row * stride + head * columns);
                let y = x.add(half);
                for i in (0..whole).step_by(V::N) {
                    let (cos, sin) = (V::load(cos.add(i)), V::load(sin.add(i)));
                    let minus_sin = V::splat(0.0).sub(sin);
                    let (before_x, before_y) = (V::load(x.add(i)), V::load(y.add(i)));
                    before_y.mul_add(minus_sin, before_x.mul(cos)).store(x.add(i));
                    before_x.mul_add(sin, before_y.mul(cos)).store(y.add(i));
                }
                for i in whole..half {
                    let (cos, sin) = (*cos.add(i), *sin.add(i));
                    let (before_x, before_y) = (*x.add(i), *y.add(i));
                    *x.add(i) = before_x * cos - before_y * sin;
                    *y.add(i) = before_y * cos + before_x * sin;
                }
            }
        }
    }
}
