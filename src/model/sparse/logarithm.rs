//! The logarithm that makes weights of logits, without a branch or a call, so that a loop over it computes
//! several at once: nearly all the ids of a vocabulary may need one.

use std::f64::consts::{LN_2, SQRT_2};

/// Bits of a float64 below its exponent.
const MANTISSA: u32 = f64::MANTISSA_DIGITS - 1;

/// The exponent of 1 as a float64 has it.
const BIAS: u64 = 1023;

/// 2⁵²: an integer below it, put into its lowest bits, is added to it.
const INTEGERS: f64 = (1_u64 << MANTISSA) as f64;

/// `ln(1 + x)` for `x` from 0 to `f32::MAX`, with a relative error below 3e-9; NaN for an infinite `x` and for NaN.
///
/// With `2ᵏ` so that `m = (1 + x) / 2ᵏ` is from `1/√2` to `√2`, it is `k·ln 2 + ln m`, and with
/// `s = (m − 1) / (m + 1)` the series of `ln m` is `2s·(1 + s²/3 + s⁴/5 + …)`, where `|s| < 0.172`.
pub fn ln_1p(x: f64) -> f64 {
    let exponent = ((1.0 + x) * SQRT_2).to_bits() >> MANTISSA;
    let k = f64::from_bits(exponent | INTEGERS.to_bits()) - (INTEGERS + BIAS as f64);
    let power = f64::from_bits(exponent << MANTISSA);
    let inverse = f64::from_bits((2 * BIAS).wrapping_sub(exponent) << MANTISSA);
    // For a small `x` this keeps the bits that `1 + x` has lost.
    let f = (x - (power - 1.0)) * inverse;
    let s = f / (2.0 + f);
    let z = s * s;
    let series = 1.0 + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0))));
    k * LN_2 + 2.0 * s * series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::maximum::maximum;

    /// The largest relative error that is allowed. Largest seen: 2.1e-9.
    const TOLERANCE: f64 = 3e-9;

    #[test]
    fn ln_1p_agrees_with_the_mathematics_library() {
        let mut worst: f64 = 0.0;
        // Every 997th f32 from 0 to the largest.
        for bits in (1..=f32::MAX.to_bits()).step_by(997) {
            let x = f64::from(f32::from_bits(bits));
            worst = maximum(worst, (ln_1p(x) / libm::log1p(x) - 1.0).abs());
        }
        assert!(worst < TOLERANCE, "{worst:e}");
        assert_eq!(ln_1p(0.0), 0.0);
        assert!(ln_1p(f64::NAN).is_nan() && ln_1p(f64::INFINITY).is_nan());
    }
}
