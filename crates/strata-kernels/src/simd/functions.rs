//! Elementary functions of a register of numbers, by polynomials that were fitted for this file.
//! The errors in the comments are the largest seen over all `f32` arguments of the range.

use std::f32::consts::LOG2_E;

use super::lanes::Lanes;

/// Below this exponent `2^x` is taken as `2^-126`, which is negligible beside the maximum of a
/// softmax, 1.
const MIN_EXPONENT: f32 = -126.0;

/// The largest exponent of 2 whose power plus 1 is finite.
const MAX_EXPONENT: f32 = 126.0;

/// From here on `n/(n + 2)` in [`mish`] is 1 in `f32`.
const MISH_END: f32 = 20.0;

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

/// `2^f` on `[-1/2, 1/2]`, minimax, relative error 7.5e-5.
const EXP2_ROUNDED: [f32; 4] = [0.999_928_06, 0.693_260_97, 0.242_611_13, 5.517_167e-2];

/// From here on `½·erf(x/√2)` is ½ in `f32`.
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

/// From here on [`gelu_rounded`] returns its argument.
const ROUNDED_END: f32 = 4.0;

/// `½·erf(x/√2) = x·R(x²)` on `[-4, 4]`, minimax in the absolute error of `x·½·erf(x/√2)`; ½ at 4.
const ROUNDED: [f32; 7] = [
    0.397_870_27,
    -6.455_441e-2,
    8.763_69e-3,
    -8.121_873e-4,
    4.776_387e-5,
    -1.588_826_3e-6,
    2.258_819_3e-8,
];

/// `√(2/π)` and `0.044715·√(2/π)`, each times `2·log₂ e`: `tanh` is computed by a power of two.
const TANH_X: f32 = 2.302_208_2;
const TANH_X3: f32 = 0.102_943_24;

/// `2^x`, within 2 units in the last place, for `x` up to 127; 2^-126 below -126.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn exp2<V: Lanes>(x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe {
        // With NaN as its second argument, `max` returns NaN.
        let x = V::splat(MIN_EXPONENT).max(x);
        let whole = x.round();
        polynomial(&EXP2, x.sub(whole)).scale(whole)
    }
}

/// [`exp2`] for results that are rounded to bf16 right after: within 8e-5, a twenty-fifth of the
/// rounding error.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn exp2_rounded<V: Lanes>(x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe {
        // With NaN as its second argument, `max` returns NaN.
        let x = V::splat(MIN_EXPONENT).max(x);
        let whole = x.round();
        polynomial(&EXP2_ROUNDED, x.sub(whole)).scale(whole)
    }
}

/// `x·Φ(x)` with the error function, within 3e-7 of `|x|`; `x` itself from 5.6 on, and 0 below
/// -5.6.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn gelu<V: Lanes>(x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe { x.mul(V::splat(0.5).add(half_erf(x))) }
}

/// `½·erf(x/√2)`, within 3e-7.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn half_erf<V: Lanes>(x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe {
        let (end, half) = (V::splat(ERF_END), V::splat(0.5));
        // With NaN as their second argument, `min` and `max` return NaN.
        let inside = V::splat(-ERF_END).max(end.min(x));
        let square = inside.mul(inside);
        let odd = inside.mul(polynomial(&ERF_P, square)).div(polynomial(&ERF_Q, square));
        V::splat(-0.5).max(half.min(odd))
    }
}

/// [`gelu`] for results that are rounded to bf16 or bytes right after: within 2e-4, a tenth of the
/// error of rounding a number near 1 to bf16, and without a division.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn gelu_rounded<V: Lanes>(x: V) -> V {
    // SAFETY: the caller guarantees the features.
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
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn gelu_tanh<V: Lanes>(x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe {
        let factor = x.mul(x).mul_add(V::splat(-TANH_X3), V::splat(-TANH_X));
        let power = exp2(V::splat(126.0).min(x.mul(factor)));
        x.div(V::splat(1.0).add(power))
    }
}

/// `factor·σ(x)`, with `σ(x) = 1/(1 + e^-x)`.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn times_sigmoid<V: Lanes>(factor: V, x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe {
        let power = exp2(V::splat(MAX_EXPONENT).min(x.mul(V::splat(-LOG2_E))));
        factor.div(V::splat(1.0).add(power))
    }
}

/// `σ(x) = 1/(1 + e^-x)`.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn sigmoid<V: Lanes>(x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe { times_sigmoid(V::splat(1.0), x) }
}

/// `tanh(x) = 2σ(2x) − 1`.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn tanh<V: Lanes>(x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe { times_sigmoid(V::splat(2.0), x.add(x)).sub(V::splat(1.0)) }
}

/// `x·tanh(ln(1 + e^x))`, which is `x·n/(n + 2)` with `n = e^x·(e^x + 2)`.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn mish<V: Lanes>(x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe {
        let power = exp2(V::splat(MISH_END).min(x).mul(V::splat(LOG2_E)));
        let n = power.mul(power.add(V::splat(2.0)));
        x.mul(n.div(n.add(V::splat(2.0))))
    }
}

/// `max(x, 0)`.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn relu<V: Lanes>(x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe { V::splat(0.0).max(x) }
}

/// The polynomial with these coefficients, from the lowest degree up, by Horner's rule.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
unsafe fn polynomial<V: Lanes, const N: usize>(coefficients: &[f32; N], x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe {
        let mut value = V::splat(coefficients[N - 1]);
        for coefficient in coefficients[..N - 1].iter().rev() {
            value = value.mul_add(x, V::splat(*coefficient));
        }
        value
    }
}
