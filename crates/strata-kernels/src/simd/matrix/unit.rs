//! What a matrix unit does: it multiplies tiles, registers of 16 × 16 words.

use super::interleaved::Interleaved;

/// Rows of a tile, and words of each of its rows.
pub const TILE: usize = 16;

/// Words of a tile.
pub const TILE_WORDS: usize = TILE * TILE;

/// The parts of an f32 number in a product of parts: see [`split`](super::split).
pub const PARTS: usize = 3;

/// A block of a matmul: one or two tiles of rows times one or two tiles of columns, summed over
/// `chunks` chunks of 16 words of `k`.
///
/// Guarantees: all pointers are aligned to 64 bytes. The left side is valid for the tiles of
/// `chunks` chunks, one after another, from `a` on and, of the second tile of rows, from
/// `a + a_stride` on. The right side is valid for as many chunks, each with all tiles of columns.
/// With three parts a chunk has that many tiles of each kind: on the left `[part]`, on the right
/// `[part][tile of columns]`. `sums` is valid for as many rows of as many columns, `sums_stride`
/// words apart, and nothing else accesses them.
pub struct Product {
    pub a: *const u32,
    pub a_stride: usize,
    pub b: *const u32,
    pub chunks: usize,
    pub sums: *mut u32,
    pub sums_stride: usize,
    /// Tiles of rows.
    pub row_tiles: usize,
    /// Tiles of columns.
    pub column_tiles: usize,
    /// Where the sums start.
    pub start: Start,
    /// Whether the sums are stored. They stay in tiles in any case.
    pub store: bool,
}

/// Where the sums of a product start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// At 0.
    Zero,
    /// At those in memory.
    Memory,
    /// At those of the previous product, which has as many tiles.
    Tiles,
}

/// A matrix unit.
///
/// # Safety
/// Of every method: the CPU has the unit's features. Of the products: the guarantees of [`Product`]
/// hold, and this thread's tiles are configured.
pub trait MatrixUnit {
    /// Gives this thread's tiles their sizes.
    ///
    /// # Safety
    /// As [`MatrixUnit`] says.
    unsafe fn configure();

    /// Releases this thread's tiles.
    ///
    /// # Safety
    /// As [`MatrixUnit`] says.
    unsafe fn release();

    /// Four products of two tiles of rows and two of columns in bf16, `rounds` times, with whatever
    /// the tiles hold.
    ///
    /// # Safety
    /// As [`MatrixUnit`] says.
    unsafe fn dots_bf16(rounds: usize);

    /// The same in int8.
    ///
    /// # Safety
    /// As [`MatrixUnit`] says.
    unsafe fn dots_int8(rounds: usize);

    /// Prefetches a line into the second-level cache. Any address is allowed.
    ///
    /// # Safety
    /// As [`MatrixUnit`] says.
    unsafe fn prefetch(line: *const u32);

    /// Prefetches the line of an output, which is about to be written. Any address is allowed.
    ///
    /// # Safety
    /// As [`MatrixUnit`] says.
    unsafe fn prefetch_output(line: *const f32);

    /// Words of two bf16, sums in f32. A word of the left side and one of the right side make two
    /// products. For each chunk those of the lower halves are one chain of FMAs from zero, those of
    /// the upper halves another; their sum is added to the sum so far. Subnormal numbers count as
    /// 0.
    ///
    /// # Safety
    /// As [`MatrixUnit`] says.
    unsafe fn bf16<I: Interleaved>(product: &Product, work: &mut I);

    /// Words of four bytes, unsigned on the left and signed on the right; sums in i32, exact.
    ///
    /// # Safety
    /// As [`MatrixUnit`] says.
    unsafe fn int8<I: Interleaved>(product: &Product, work: &mut I);

    /// As [`bf16`](Self::bf16), for numbers in three parts: of each chunk the six products of parts
    /// that are not negligible, in the order of [`SIX_PRODUCTS`].
    ///
    /// # Safety
    /// As [`MatrixUnit`] says.
    unsafe fn six_products<I: Interleaved>(product: &Product, work: &mut I);
}

/// The products of parts that make a product of f32 numbers: part of the left side, part of the
/// right side. The order is one in which few tiles are loaded twice, and it is part of the bits.
pub const SIX_PRODUCTS: [(usize, usize); 6] = [(2, 0), (1, 0), (1, 1), (0, 1), (0, 0), (0, 2)];
