//! AMX's tiles: their instructions, and the system's permission to use them.
//!
//! `tmm0` to `tmm3` have the sums, `tmm4` and `tmm5` tiles of the left side, `tmm6` and `tmm7` tiles
//! of the right side. They keep their contents from one block of assembly of a product to the next:
//! the compiler has instructions for tiles only where the feature `amx-tile` is enabled, and no code
//! enables it.

use std::arch::asm;

use crate::arguments::LINE_BYTES;
use crate::simd::matrix::{Interleaved, MatrixUnit, PARTS, Product, Start, TILE, TILE_WORDS};

/// The matrix unit of a CPU with AMX.
pub struct Amx;

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

/// The instructions that load tiles: one or two of the left side, or of the right side, with number
/// `$part` of those that a chunk has.
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

/// An instruction for each tile of sums: `$each` makes it of the tile and its place in memory.
macro_rules! sums {
    (1 1 $each:ident) => { $each!("tmm0", "{sums}+{stride}*1") };
    (1 2 $each:ident) => { concat!(sums!(1 1 $each), $each!("tmm1", "{sums}+{stride}*1+64")) };
    (2 1 $each:ident) => { concat!(sums!(1 1 $each), $each!("tmm2", "{sums2}+{stride}*1")) };
    (2 2 $each:ident) => {
        concat!(
            sums!(1 2 $each),
            $each!("tmm2", "{sums2}+{stride}*1"),
            $each!("tmm3", "{sums2}+{stride}*1+64"),
        )
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

/// A block of assembly with the instructions that `$instructions` makes of the numbers of tiles of
/// rows and of columns.
macro_rules! with_tiles {
    ($product:expr, $instructions:ident($($argument:tt)*), $($operands:tt)*) => {
        match ($product.row_tiles, $product.column_tiles) {
            (1, 1) => block!($instructions!(1 1 $($argument)*), $($operands)*),
            (1, _) => block!($instructions!(1 2 $($argument)*), $($operands)*),
            (_, 1) => block!($instructions!(2 1 $($argument)*), $($operands)*),
            _ => block!($instructions!(2 2 $($argument)*), $($operands)*),
        }
    };
}
macro_rules! block {
    ($instructions:expr, $($operands:tt)*) => {
        asm!(
            $instructions,
            $($operands)*
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack, preserves_flags)
        )
    };
}

/// A part of a chunk: loads, then a product of the tiles that are loaded.
macro_rules! step {
    ($rows:tt $columns:tt [$(a $a:literal)? $(b $b:literal)?] $dot:literal) => {
        concat!(
            $(load!(a $rows $a),)? $(load!(b $columns $b),)? dots!($rows $columns $dot),
            // Not every step reads both sides.
            "# {a} {a2} {b} {row}",
        )
    };
}

/// Loads or stores all sums.
macro_rules! each_sum {
    ($rows:tt $columns:tt $each:ident) => {
        // With one tile of rows there are no sums at `sums2`.
        concat!(sums!($rows $columns $each), "# {sums2}")
    };
}

/// Sets the sums to 0, or loads the previous ones.
///
/// # Safety
/// As [`MatrixUnit`] says.
#[inline(always)]
unsafe fn begin(product: &Product) {
    let Product { sums, sums_stride, .. } = *product;
    // SAFETY: the caller guarantees the rows of the sums, and that tiles are configured.
    unsafe {
        match product.start {
            Start::Zero => {
                block!("tilezero tmm0\ntilezero tmm1\ntilezero tmm2\ntilezero tmm3",);
            }
            Start::Memory => {
                with_tiles!(
                    product,
                    each_sum(load_sum),
                    sums = in(reg) sums,
                    sums2 = in(reg) sums.wrapping_add(TILE * sums_stride),
                    stride = in(reg) 4 * sums_stride,
                );
            }
            Start::Tiles => {}
        }
    }
}

/// Stores the sums.
///
/// # Safety
/// As [`MatrixUnit`] says.
#[inline(always)]
unsafe fn end(product: &Product) {
    let Product { sums, sums_stride, .. } = *product;
    // SAFETY: as above.
    unsafe {
        with_tiles!(
            product,
            each_sum(store_sum),
            sums = in(reg) sums,
            sums2 = in(reg) sums.wrapping_add(TILE * sums_stride),
            stride = in(reg) 4 * sums_stride,
        );
    }
}

/// Defines a method of [`MatrixUnit`] whose chunks have `$parts` tiles of each kind. Each step loads
/// tiles and multiplies those that are loaded.
macro_rules! method {
    ($name:ident, $parts:expr, $dot:literal, $steps:literal: $($number:pat => $step:tt),+) => {
        #[inline(always)]
        unsafe fn $name<I: Interleaved>(product: &Product, work: &mut I) {
            let Product { mut a, mut b, a_stride, column_tiles, .. } = *product;
            // SAFETY: the caller guarantees the tiles of both sides and the rows of the sums, which
            // are all that is read or written, that tiles are configured, and what `work` needs.
            unsafe {
                begin(product);
                for _ in 0..product.chunks {
                    // Not unrolled: that would repeat the code of the work.
                    for step in 0..$steps {
                        match step {
                            $($number => with_tiles!(
                                product,
                                step($step $dot),
                                a = in(reg) a,
                                a2 = in(reg) a.wrapping_add(a_stride),
                                b = in(reg) b,
                                row = in(reg) LINE_BYTES,
                            ),)+
                        }
                        work.step();
                    }
                    a = a.wrapping_add($parts * TILE_WORDS);
                    b = b.wrapping_add($parts * column_tiles * TILE_WORDS);
                }
                if product.store {
                    end(product);
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

    #[inline(always)]
    unsafe fn prefetch(line: *const u32) {
        // SAFETY: prefetching cannot fault.
        unsafe {
            asm!("prefetcht1 [{}]", in(reg) line, options(nostack, preserves_flags, readonly))
        }
    }

    #[inline(always)]
    unsafe fn prefetch_output(line: *const f32) {
        // SAFETY: as above.
        unsafe { asm!("prefetchw [{}]", in(reg) line, options(nostack, preserves_flags, readonly)) }
    }

    method!(bf16, 1, "tdpbf16ps", 1: _ => [a 0 b 0]);
    method!(int8, 1, "tdpbusd", 1: _ => [a 0 b 0]);
    // In the order of `SIX_PRODUCTS`.
    method!(six_products, PARTS, "tdpbf16ps", 6:
        0 => [a 2 b 0], 1 => [a 1], 2 => [b 1], 3 => [a 0], 4 => [b 0], _ => [b 2]);
}
