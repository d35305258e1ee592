//! Kernels on a matrix unit: on a model of its instructions, so that they are tested on any machine,
//! and on the instructions where the CPU has them.

mod accuracy;
mod arithmetic;
mod availability;
mod batches;
mod fused;
mod layer;
#[cfg(kernels_x86_64)]
mod products;
mod schedule;
mod split;
mod table;
mod unit;
mod whole;
#[cfg(kernels_x86_64)]
mod words;

pub use self::table::{NAME, kernels};
use crate::f32_products::F32Products;
use crate::instruction_set::InstructionSet;
use crate::kernels::Kernels;

/// The kernels with tiles: those of the model, and those of this CPU if it has any.
fn all_with_tiles() -> impl Iterator<Item = Kernels> {
    [kernels()].into_iter().chain(Kernels::new(InstructionSet::Amx))
}

/// The same kernels with f32 by FMA.
fn by_fma(kernels: Kernels) -> Kernels {
    kernels.with_f32_products(F32Products::Fma).unwrap()
}
