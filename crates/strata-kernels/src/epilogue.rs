//! What a GEMM does with its sums before it stores them.

/// The activation function between the two feed-forward GEMMs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x·Φ(x)`, with the error function (`gelu`).
    Gelu,
    /// The approximation of GELU by tanh (`gelu_new`, `gelu_pytorch_tanh`).
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
}

/// The last step of a GEMM, after the bias is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epilogue {
    /// Nothing more.
    Bias,
    /// The activation function is applied.
    Activation(Activation),
    /// The previous content of the output is added.
    Residual,
}
