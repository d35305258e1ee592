//! One step of a product: what differs between the number formats.

use super::lanes::Lanes;

/// A step of an instruction set's product: 32-bit accumulators over words of `k`, both in registers
/// that may hold any bits. A word is one f32, two bf16 or four bytes.
///
/// # Safety
/// Of `step`: the CPU has the features of the implementing type's module.
pub trait Dot {
    /// A register of words or accumulators.
    type Register: Lanes;

    /// Whether the numbers have fewer bits than f32.
    const ROUNDED: bool;

    /// Rows of the highest tile whose accumulators fit into the registers; 12 at most.
    const TILE_ROWS: usize;

    /// `sum + a·b`, word by word.
    ///
    /// # Safety
    /// As [`Dot`] says.
    unsafe fn step(sum: Self::Register, a: Self::Register, b: Self::Register) -> Self::Register;
}
