//! Elementary functions over a register of numbers, by polynomials fitted for this file; the
//! errors named are the largest seen over all `f32` arguments of the range.

use super::lanes::Lanes;

/// Below this `2^x` is taken for `2^-126`: nothing beside the 1 that a softmax's largest is.
const LEAST_EXPONENT: f32 = -126.0;

/// `2^f` on `[-1/2, 1/2]`, minimax, relative error 2e-9 before rounding.
const EXP2: [f32; 7] = [
    1.0,
    std::f32::consts::LN_2,
    0.240_226_46,
    5.550_328_6e-2,
    9.618_489e-3,
    1.339_993e-3,
    1.534_581_1e-4,
];

/// Where `½·erf(x/√2)` is ½ to `f32`.
const ERF_END: f32 = 5.6;

/// `½·erf(x/√2) = x·P(x²)/Q(x²)` on `[-5.6, 5.6]`, minimax in the absolute error, 2.4e-8 before
/// rounding.
const ERF_P: [f32; 7] = [
    0.398_942_1,
    3.711_447_5e-2,
    4.587_682_4e-3,
    1.824_874_9e-4,
    3.361_792_6e-6,
    -2.199_703_5e-8,
    1.080_196_3e-10,
];
const ERF_Q: [f32; 5] = [1.0, 0.259_696_3, 2.978_713_3e-2, 1.901_591_3e-3, 6.625_437_5e-5];

/// Where [`gelu_rounded`] ends.
const ROUNDED_END: f32 = 4.0;

/// `½·erf(x/√2) = x·R(x²)` on `[-4, 4]`, minimax in the absolute error of `x` times it, with ½ at 4.
const ROUNDED: [f32; 7] = [
    0.397_870_27,
    -6.455_441e-2,
    8.763_69e-3,
    -8.121_873e-4,
    4.776_387e-5,
    -1.588_826_3e-6,
    2.258_819_3e-8,
];

/// `√(2/π)` and `0.044715·√(2/π)`, each times `2·log₂ e`: `tanh` by a power of two.
const TANH_X: f32 = 2.302_208_2;
const TANH_X3: f32 = 0.102_943_24;

/// `2^x`, within 2 units in the last place, for `x` up to 127; 2^-126 below -126.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn exp2<V: Lanes>(x: V) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        // The argument goes second, where NaN comes out of `max`.
        let x = V::splat(LEAST_EXPONENT).max(x);
        let whole = x.round();
        polynomial(&EXP2, x.sub(whole)).scale(whole)
    }
}

/// `x·Φ(x)` by the error function, within 3e-7 of `|x|`; `x` itself from 5.6 on and 0 below -5.6.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn gelu<V: Lanes>(x: V) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let (end, half) = (V::splat(ERF_END), V::splat(0.5));
        // The argument goes second, where NaN comes out of `min` and `max`.
        let inside = V::splat(-ERF_END).max(end.min(x));
        let square = inside.mul(inside);
        let odd = inside.mul(polynomial(&ERF_P, square)).div(polynomial(&ERF_Q, square));
        let odd = V::splat(-0.5).max(half.min(odd));
        x.mul(half.add(odd))
    }
}

/// [`gelu`] for what is rounded to bf16 or bytes right after: within 2e-4, which is a tenth of what
/// bf16 leaves of a number near 1, and without a division.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn gelu_rounded<V: Lanes>(x: V) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let inside = V::splat(-ROUNDED_END).max(V::splat(ROUNDED_END).min(x));
        let odd = inside.mul(polynomial(&ROUNDED, inside.mul(inside)));
        x.mul(V::splat(0.5).add(odd))
    }
}

/// `½x·(1 + tanh(√(2/π)(x + 0.044715x³)))`, which is `x / (1 + 2^-u)` with
/// `u = 2·log₂e·√(2/π)(x + 0.044715x³)`.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn gelu_tanh<V: Lanes>(x: V) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let factor = x.mul(x).mul_add(V::splat(-TANH_X3), V::splat(-TANH_X));
        let power = exp2(V::splat(126.0).min(x.mul(factor)));
        x.div(V::splat(1.0).add(power))
    }
}

/// `max(x, 0)`.
///
/// # Safety
/// As [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn relu<V: Lanes>(x: V) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe { V::splat(0.0).max(x) }
}

/// Coefficients from the lowest degree, by Horner.
#[inline(always)]
unsafe fn polynomial<V: Lanes, const N: usize>(coefficients: &[f32; N], x: V) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let mut value = V::splat(coefficients[N - 1]);
        for coefficient in coefficients[..N - 1].iter().rev() {
            value = value.mul_add(x, V::splat(*coefficient));
        }
        value
    }
}
