//! The algorithms for vector registers, each written once, for any architecture.
//!
//! [`lanes`] has the operations on a register, [`dot`] the step of a dot product; an instruction
//! set implements these traits for its register type. Everything generic is `#[inline(always)]`, so
//! that it is compiled inside a function that has the instruction set's features:
//! `table_functions!` makes these functions.

pub mod activation;
pub mod attention;
pub mod dot;
mod epilogue;
mod functions;
pub mod gemm;
pub mod lanes;
pub mod layer_norm;
pub mod matrix;
pub mod micro_kernel;
pub mod rotation;
pub mod rounding;
mod table_functions;
mod tiles;
pub mod widened;

pub(crate) use table_functions::table_functions;
