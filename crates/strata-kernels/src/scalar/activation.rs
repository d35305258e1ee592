//! Activation functions.

use crate::epilogue::Activation;

/// The activation function, computed in float64: the polynomials of `simd::functions` are tested
/// against it.
pub fn activate(activation: Activation, x: f32) -> f32 {
    let wide = f64::from(x);
    let value = match activation {
        Activation::Gelu => 0.5 * wide * (1.0 + libm::erf(wide * std::f64::consts::FRAC_1_SQRT_2)),
        Activation::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (wide + 0.044_715 * wide.powi(3));
            0.5 * wide * (1.0 + inner.tanh())
        }
        Activation::Relu => wide.max(0.0),
    };
    value as f32
}
