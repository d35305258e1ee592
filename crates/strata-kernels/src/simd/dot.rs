//! One step of a dot product: what differs between the dtypes.

use super::lanes::Lanes;

/// One step of dot products over `k`, in a dtype and an instruction set: a register of 32-bit
/// accumulators and registers of words of `k`. A word is one f32, two bf16 or four bytes, so a
/// register may hold any bits.
///
/// # Safety
/// Of `step`: the CPU has the features of the implementing type's module.
pub trait Dot {
    /// A register of words or accumulators.
    type Register: Lanes;

    /// Whether the numbers have fewer bits than f32.
    const ROUNDED: bool;

    /// Rows of the highest tile whose accumulators fit into the registers; at most
    /// [`MAX_TILE_ROWS`](super::tiles::MAX_TILE_ROWS).
    const TILE_ROWS: usize;

    /// `sum + a·b`, word by word.
    ///
    /// # Safety
    /// As [`Dot`] says.
    unsafe fn step(sum: Self::Register, a: Self::Register, b: Self::Register) -> Self::Register;
}
