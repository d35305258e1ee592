//! The vector instruction sets: each algorithm once, over what a register can do.
//!
//! `lanes` is a register of numbers and `tile` a step of a product, as traits; `avx2` and `avx512`
//! bring the types. Everything generic is inlined into a function that has the instructions.

mod attention;
pub(super) mod avx2;
pub(super) mod avx512;
mod functions;
mod lanes;
mod product;
mod rows;
mod tile;
