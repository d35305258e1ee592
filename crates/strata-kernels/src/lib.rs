//! Kernels for BERT encoders on CPUs: GEMM (matmul) over packed weights, attention, layer norm, and
//! rounding to the reduced dtypes bf16 and int8; for AVX-512, for AVX2 with FMA, and in plain
//! loops.
//!
//! [`Kernels`] is the safe interface: it checks sizes, then calls a function from a table that
//! exists only if this CPU has its instructions. Each algorithm is written once, for any register
//! type (`simd`); a module per architecture provides the types and tables (`x86_64`).
//!
//! Every output is one chain of operations over its own inputs, in an order that depends neither on
//! the height of a tile, nor on the neighbouring rows, nor on the number of threads. So a row has
//! the same bits alone and in any batch. Between instruction sets the bits may differ.

#![expect(unsafe_code, reason = "intrinsics and pointers; each block says why it is sound")]

mod activation;
mod arguments;
mod attention;
mod bf16;
mod buffer;
mod dispatch;
mod distance_bias;
mod dtype;
mod epilogue;
mod f32_products;
mod gemm;
mod instruction_set;
mod kernels;
mod layer_norm;
mod numerics;
mod operand;
mod packed_linear;
mod packed_words;
mod peak;
mod positions;
mod rotation;
mod scalar;
#[cfg_attr(
    all(kernels_scalar_only, not(test)),
    expect(
        dead_code,
        unused_imports,
        unused_macros,
        reason = "there is no instruction set that uses it"
    )
)]
mod simd;
mod table;
#[cfg(test)]
mod tests;
mod token_scores;
mod token_tables;
mod view;
mod view_mut;
#[cfg(kernels_x86_64)]
mod x86_64;

pub use activation::Activation;
pub use buffer::Buffer;
pub use distance_bias::DistanceBias;
pub use dtype::Dtype;
pub use epilogue::Epilogue;
pub use f32_products::F32Products;
pub use instruction_set::{InstructionSet, Unavailable};
pub use kernels::Kernels;
pub use numerics::REVISION;
pub use operand::{Operand, OperandScratch};
pub use packed_linear::{PackedLinear, PackedPart};
pub use peak::peak;
pub use positions::{PositionScores, Positions};
pub use rotation::RotationTable;
pub use token_scores::{DistanceColumns, TokenScores};
pub use view::View;
pub use view_mut::ViewMut;
