//! The maximum of numbers of which one may be NaN.

/// The larger one, and NaN if one is NaN, where `f32::max` gives the other one: a number that went wrong
/// has to show in the result.
pub fn maximum<T: PartialOrd + Copy>(a: T, b: T) -> T {
    #[expect(clippy::eq_op, reason = "only NaN differs from itself")]
    let a_is_nan = a != a;
    if a >= b || a_is_nan { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dense::DenseActivation;

    #[test]
    fn nan_stays() {
        assert_eq!((maximum(1.0, 2.0), maximum(2.0, 1.0)), (2.0, 2.0));
        for (a, b) in [(f32::NAN, 1.0), (1.0, f32::NAN), (f32::NAN, f32::NAN)] {
            assert!(maximum(a, b).is_nan());
        }
        assert!(DenseActivation::Relu.apply(f64::NAN).is_nan());
        assert_eq!([-1.0, 2.0].map(|x| DenseActivation::Relu.apply(x)), [0.0, 2.0]);
    }
}
