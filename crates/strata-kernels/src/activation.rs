//! The activation functions that stand between the two feed-forward GEMMs, under the names that
//! transformers gives them in its `ACT2FN`.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The mean of [`Activation::Laplace`].
#[expect(clippy::approx_constant, reason = "transformers has this rounded number")]
pub const LAPLACE_MEAN: f64 = 0.707_107;

/// The standard deviation of [`Activation::Laplace`].
pub const LAPLACE_DEVIATION: f64 = 0.282_095;

/// An activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x·Φ(x)`, with the error function (`gelu`).
    Gelu,
    /// The approximation of GELU by tanh (`gelu_new`, `gelu_pytorch_tanh`).
    GeluTanh,
    /// `max(x, 0)`
    Relu,
    /// `x·σ(x)`, with `σ(x) = 1/(1 + e^-x)` (`silu`, `swish`).
    Silu,
    /// `x·σ(1.702x)` (`quick_gelu`).
    QuickGelu,
    /// `x·tanh(ln(1 + e^x))` (`mish`).
    Mish,
    /// [`Activation::Gelu`], limited to `[-10, 10]` (`gelu_10`).
    ClippedGelu,
    /// `min(max(x, 0), 6)` (`relu6`).
    Relu6,
    /// `max(x, 0)²` (`relu2`).
    SquaredRelu,
    /// `x`, or `0.01x` below 0 (`leaky_relu`).
    LeakyRelu,
    /// `x·relu6(x + 3)/6` (`hardswish`).
    HardSwish,
    /// `Φ((x − 0.707107)/0.282095)` (`laplace`).
    Laplace,
    /// `√ln(1 + e^x)` (`sqrtsoftplus`).
    SqrtSoftplus,
    /// `σ(x)`
    Sigmoid,
    /// `tanh(x)`
    Tanh,
    /// `x` (`linear`).
    Linear,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Gelu,
        Self::GeluTanh,
        Self::Relu,
        Self::Silu,
        Self::QuickGelu,
        Self::Mish,
        Self::ClippedGelu,
        Self::Relu6,
        Self::SquaredRelu,
        Self::LeakyRelu,
        Self::HardSwish,
        Self::Laplace,
        Self::SqrtSoftplus,
        Self::Sigmoid,
        Self::Tanh,
        Self::Linear,
    ];

    /// The function of a number, computed in float64 and rounded once: the polynomials of
    /// `simd::functions` are tested against it. It doesn't depend on the system's mathematics
    /// library, whose bits differ from system to system.
    pub fn apply(self, x: f32) -> f32 {
        let wide = f64::from(x);
        let value = match self {
            Self::Gelu => gelu(wide),
            Self::GeluTanh => {
                let inner = (2.0 / PI).sqrt() * (wide + 0.044_715 * wide * wide * wide);
                0.5 * wide * (1.0 + libm::tanh(inner))
            }
            Self::Relu => relu(wide),
            Self::Silu => wide * sigmoid(wide),
            Self::QuickGelu => wide * sigmoid(1.702 * wide),
            Self::Mish => wide * libm::tanh(softplus(wide)),
            Self::ClippedGelu => gelu(wide).clamp(-10.0, 10.0),
            Self::Relu6 => wide.clamp(0.0, 6.0),
            Self::SquaredRelu => relu(wide) * relu(wide),
            Self::LeakyRelu => wide.max(0.01 * wide),
            Self::HardSwish => wide * (wide + 3.0).clamp(0.0, 6.0) / 6.0,
            Self::Laplace => normal((wide - LAPLACE_MEAN) / LAPLACE_DEVIATION),
            Self::SqrtSoftplus => softplus(wide).sqrt(),
            Self::Sigmoid => sigmoid(wide),
            Self::Tanh => libm::tanh(wide),
            Self::Linear => wide,
        };
        value as f32
    }

    /// Whether the GEMM applies it to the sums while they are in registers. The others, which few
    /// models have, are applied to each panel after it is stored: the GEMM's code stays small.
    pub(crate) fn is_fused(self) -> bool {
        matches!(self, Self::Gelu | Self::GeluTanh | Self::Relu)
    }
}

/// `Φ(x)`, the distribution function of the normal distribution.
fn normal(x: f64) -> f64 {
    0.5 * (1.0 + libm::erf(x * FRAC_1_SQRT_2))
}

/// `max(x, 0)`, and NaN of NaN.
fn relu(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { x }
}

fn gelu(x: f64) -> f64 {
    x * normal(x)
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

/// `ln(1 + e^x)`, without an overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}
