//! What a GEMM does with its sums before it stores them.

use crate::activation::Activation;

/// The last step of a GEMM, after the bias is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epilogue {
    /// Nothing more.
    Bias,
    /// The activation function is applied.
    Activation(Activation),
    /// The previous content of the output is added.
    Residual,
    /// The previous content of the output is multiplied with it.
    Product,
}
