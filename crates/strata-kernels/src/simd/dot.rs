//! One step of a dot product: what differs between the dtypes.

use super::lanes::Lanes;

/// Which words the tiles of a panel prefetch. All choices prefetch the next panel, so that the weights
/// of a single short text come from memory at an even rate.
pub enum Prefetching {
    /// The first two tiles prefetch the next panel, half of it each. The others prefetch words of
    /// this panel one page ahead, since the processor's own prefetching stops at the end of a page.
    Sparse,
    /// Each tile prefetches an equal part of the next panel. The micro-kernel looks after its own
    /// panel.
    Thorough,
}

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

    /// Which words the tiles of a panel prefetch.
    const PREFETCHING: Prefetching = Prefetching::Sparse;

    /// Prefetches the cache line of an output before its tile is computed, if that is worth it: the
    /// sums would otherwise wait for the line to come from a farther cache.
    ///
    /// # Safety
    /// As [`Dot`] says.
    #[inline(always)]
    unsafe fn prefetch_output(_out: *const f32) {}

    /// `sum + a·b`, word by word.
    ///
    /// # Safety
    /// As [`Dot`] says.
    unsafe fn step(sum: Self::Register, a: Self::Register, b: Self::Register) -> Self::Register;
}
