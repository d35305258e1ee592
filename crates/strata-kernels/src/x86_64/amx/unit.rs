//! AMX's tiles: their instructions, and the system's permission to use them.
//!
//! Each product is one block of assembly, since the compiler keeps nothing in tile registers from
//! one block to the next. `tmm0` to `tmm3` have the sums, `tmm4` and `tmm5` tiles of the left side,
//! `tmm6` and `tmm7` tiles of the right side.

use std::arch::asm;

use crate::arguments::LINE_BYTES;
use crate::simd::matrix::{
    MatrixUnit, PARTS, PREFETCHED_LINES, PREFETCHED_LINES_OF_SIX, Product, TILE, TILE_WORDS,
};

/// The matrix unit of a CPU with AMX.
pub struct Amx;

/// Bytes of a tile.
const TILE_BYTES: usize = 4 * TILE_WORDS;

/// The operand of `ldtilecfg`: palette 1, and the size of each of eight tiles.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// All tiles have 16 rows of 64 bytes.
static WHOLE_TILES: Configuration = Configuration {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Loads of one chunk: one or two tiles of the left side, or of the right side, with number `$part`
/// of those that a chunk has.
macro_rules! load {
    (a 1 $part:literal) => {
        concat!("tileloadd tmm4, [{a}+{row}*1+1024*", $part, "]\n")
    };
    (a 2 $part:literal) => {
        concat!(load!(a 1 $part), "tileloadd tmm5, [{a2}+{row}*1+1024*", $part, "]\n")
    };
    (b 1 $part:literal) => {
        concat!("tileloadd tmm6, [{b}+{row}*1+1024*", $part, "]\n")
    };
    (b 2 $part:literal) => {
        concat!(
            "tileloadd tmm6, [{b}+{row}*1+2048*", $part, "]\n",
            "tileloadd tmm7, [{b}+{row}*1+2048*", $part, "+1024]\n",
        )
    };
}

/// The instruction `$dot` for each pair of a tile of rows and a tile of columns.
macro_rules! dots {
    (1 1 $dot:literal) => { concat!($dot, " tmm0, tmm4, tmm6\n") };
    (1 2 $dot:literal) => { concat!(dots!(1 1 $dot), $dot, " tmm1, tmm4, tmm7\n") };
    (2 1 $dot:literal) => { concat!(dots!(1 1 $dot), $dot, " tmm2, tmm5, tmm6\n") };
    (2 2 $dot:literal) => {
        concat!(dots!(1 2 $dot), $dot, " tmm2, tmm5, tmm6\n", $dot, " tmm3, tmm5, tmm7\n")
    };
}

/// An instruction for each tile of sums, between `$before` and `$after` its place in memory.
macro_rules! sums {
    (1 1 $each:ident) => { $each!("tmm0", "{sums}+{sums_stride}*1") };
    (1 2 $each:ident) => {
        concat!(sums!(1 1 $each), $each!("tmm1", "{sums}+{sums_stride}*1+64"))
    };
    (2 1 $each:ident) => {
        concat!(sums!(1 1 $each), $each!("tmm2", "{sums2}+{sums_stride}*1"))
    };
    (2 2 $each:ident) => {
        concat!(
            sums!(1 2 $each),
            $each!("tmm2", "{sums2}+{sums_stride}*1"),
            $each!("tmm3", "{sums2}+{sums_stride}*1+64"),
        )
    };
}
macro_rules! zero {
    ($tile:literal, $at:literal) => {
        concat!("tilezero ", $tile, "\n")
    };
}
macro_rules! load_sum {
    ($tile:literal, $at:literal) => {
        concat!("tileloadd ", $tile, ", [", $at, "]\n")
    };
}
macro_rules! store_sum {
    ($tile:literal, $at:literal) => {
        concat!("tilestored [", $at, "], ", $tile, "\n")
    };
}

/// Prefetches line number `$line` into the second-level cache.
macro_rules! prefetch {
    ($line:literal) => {
        concat!("prefetcht1 [{prefetch}+64*", $line, "]\n")
    };
}

/// The instructions for one chunk: one product, or the six products of parts in the order of
/// [`SIX_PRODUCTS`](crate::simd::matrix::SIX_PRODUCTS).
macro_rules! chunk {
    (one $rows:tt $columns:tt $dot:literal) => {
        concat!(
            load!(a $rows 0), prefetch!(0), load!(b $columns 0), prefetch!(1),
            dots!($rows $columns $dot), prefetch!(2), prefetch!(3),
        )
    };
    (six $rows:tt $columns:tt $dot:literal) => {
        concat!(
            load!(a $rows 2), load!(b $columns 0), dots!($rows $columns $dot), prefetch!(0),
            load!(a $rows 1), prefetch!(1), dots!($rows $columns $dot), prefetch!(2),
            load!(b $columns 1), dots!($rows $columns $dot), prefetch!(3),
            load!(a $rows 0), dots!($rows $columns $dot), prefetch!(4),
            load!(b $columns 0), prefetch!(5), dots!($rows $columns $dot), prefetch!(6),
            load!(b $columns 2), dots!($rows $columns $dot), prefetch!(7),
        )
    };
}

/// A product with `$rows` tiles of rows and `$columns` tiles of columns, of `$products` products of
/// `$parts` parts each.
macro_rules! product {
    ($product:expr, $products:ident $parts:expr, $lines:expr, $rows:tt $columns:tt $dot:literal) => {{
        let Product { a, a_stride, b, chunks, sums, sums_stride, from_zero, prefetch, .. } = *$product;
        asm!(
            "test {from_zero:e}, {from_zero:e}",
            "jz 3f",
            sums!($rows $columns zero),
            "jmp 2f",
            "3:",
            sums!($rows $columns load_sum),
            "2:",
            chunk!($products $rows $columns $dot),
            "add {a}, {a_bytes}",
            "add {a2}, {a_bytes}",
            "add {b}, {b_bytes}",
            "add {prefetch}, {prefetch_bytes}",
            "dec {chunks}",
            "jnz 2b",
            sums!($rows $columns store_sum),
            // With one tile of rows there are no sums at `sums2`.
            "# {sums2}",
            a = inout(reg) a => _,
            a2 = inout(reg) a.wrapping_add(a_stride) => _,
            b = inout(reg) b => _,
            prefetch = inout(reg) prefetch => _,
            chunks = inout(reg) chunks => _,
            from_zero = in(reg) u32::from(from_zero),
            row = in(reg) 4 * TILE,
            sums = in(reg) sums,
            sums2 = in(reg) sums.wrapping_add(TILE * sums_stride),
            sums_stride = in(reg) 4 * sums_stride,
            a_bytes = const $parts * TILE_BYTES,
            b_bytes = const $parts * $columns * TILE_BYTES,
            prefetch_bytes = const $lines * LINE_BYTES,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack)
        );
    }};
}

/// Defines a method of [`MatrixUnit`].
macro_rules! method {
    ($name:ident, $products:ident $parts:expr, $lines:expr, $dot:literal) => {
        #[inline(always)]
        unsafe fn $name(product: &Product) {
            // SAFETY: the caller guarantees the tiles of both sides and the rows of the sums, which
            // are all that is read or written, and that tiles are configured.
            unsafe {
                match (product.row_tiles, product.column_tiles) {
                    (1, 1) => product!(product, $products $parts, $lines, 1 1 $dot),
                    (1, _) => product!(product, $products $parts, $lines, 1 2 $dot),
                    (_, 1) => product!(product, $products $parts, $lines, 2 1 $dot),
                    _ => product!(product, $products $parts, $lines, 2 2 $dot),
                }
            }
        }
    };
}

/// Defines a method of [`MatrixUnit`] that multiplies tiles in registers. They are set to 0 first.
macro_rules! dots_method {
    ($name:ident, $dot:literal) => {
        #[inline(always)]
        unsafe fn $name(rounds: usize) {
            // SAFETY: only tile registers and a counter are used; the caller guarantees that tiles
            // are configured.
            unsafe {
                asm!(
                    "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                    "tilezero tmm4", "tilezero tmm5", "tilezero tmm6", "tilezero tmm7",
                    "2:",
                    dots!(2 2 $dot),
                    "dec {rounds}",
                    "jnz 2b",
                    rounds = inout(reg) rounds.max(1) => _,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack, nomem)
                );
            }
        }
    };
}

impl MatrixUnit for Amx {
    #[inline(always)]
    unsafe fn configure() {
        // SAFETY: the configuration is one that AMX has, and tile registers are used by nothing but
        // the products below.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &WHOLE_TILES, options(nostack, readonly)) }
    }

    #[inline(always)]
    unsafe fn release() {
        // SAFETY: as above.
        unsafe { asm!("tilerelease", options(nostack, nomem)) }
    }

    dots_method!(dots_bf16, "tdpbf16ps");
    dots_method!(dots_int8, "tdpbusd");
    method!(bf16, one 1, PREFETCHED_LINES, "tdpbf16ps");
    method!(int8, one 1, PREFETCHED_LINES, "tdpbusd");
    method!(six_products, six PARTS, PREFETCHED_LINES_OF_SIX, "tdpbf16ps");
}
