//! The micro-kernels for Intel's processors, in assembly: tiles of up to 14 rows times 32 columns.
//!
//! Such a processor has two ports for FMA, which also take scalar instructions. So a micro-kernel
//! comes near the peak only if nearly every instruction besides FMA is a load. Compilers add to an
//! address for each row, and spill registers if the loop is unrolled. Here each row has an address
//! with an index register, and several steps share the counters.
//!
//! | registers | content |
//! |---|---|
//! | `zmm0` to `zmm27` | the sums, two registers per row |
//! | `zmm28`, `zmm29` | numbers of the right side |
//! | `zmm30` | a number of the left side in every lane |
//! | `zmm31` | the mask of the upper half of each word |
//! | `rsi`, `rdi`, `rdx` | left side, right side, steps that remain |
//! | `r8` to `r14` | 1, 3, 5, 7, 9, 11 and 13 times the bytes between rows of the left side |

use std::arch::asm;

use crate::arguments::{LeftWords, Prefetch};

/// Rows of the highest tile.
pub const TILE_ROWS: usize = 14;

/// Expands to a block for each height from 1 to [`TILE_ROWS`], of which the one for `$rows` is
/// executed. The block receives the rows of its tile: for each the index of its numbers, and its
/// two registers of sums.
macro_rules! by_height {
    ($rows:expr, $block:ident) => {
        by_height!($rows, $block, [] [
            (1: "", 0, 1) (2: "+ r8", 2, 3) (3: "+ r8 * 2", 4, 5) (4: "+ r9", 6, 7)
            (5: "+ r8 * 4", 8, 9) (6: "+ r10", 10, 11) (7: "+ r9 * 2", 12, 13)
            (8: "+ r11", 14, 15) (9: "+ r8 * 8", 16, 17) (10: "+ r12", 18, 19)
            (11: "+ r10 * 2", 20, 21) (12: "+ r13", 22, 23) (13: "+ r9 * 4", 24, 25)
            (14: "+ r14", 26, 27)
        ])
    };
    ($rows:expr, $block:ident, [$($row:tt)*] [($count:literal: $($last:tt)*) $($next:tt)*]) => {
        if $rows == $count {
            $block!($($row)* ($($last)*))
        } else {
            by_height!($rows, $block, [$($row)* ($($last)*)] [$($next)*])
        }
    };
    ($rows:expr, $block:ident, [$($row:tt)*] []) => {
        debug_assert!(false, "a tile of {} rows", $rows)
    };
}

/// Sets the sums of a row to 0.
macro_rules! zero {
    ($index:literal, $first:literal, $second:literal) => {
        concat!(
            "vpxord zmm",
            $first,
            ", zmm",
            $first,
            ", zmm",
            $first,
            "\n",
            "vpxord zmm",
            $second,
            ", zmm",
            $second,
            ", zmm",
            $second,
        )
    };
}

/// Adds the products of the row's number at `$offset` to its sums.
macro_rules! add_products {
    ($index:literal, $first:literal, $second:literal, $offset:literal) => {
        concat!(
            "vbroadcastss zmm30, dword ptr [rsi ",
            $index,
            " + ",
            $offset,
            "]\n",
            "vfmadd231ps zmm",
            $first,
            ", zmm28, zmm30\n",
            "vfmadd231ps zmm",
            $second,
            ", zmm29, zmm30",
        )
    };
}

/// Stores the sums of a row.
macro_rules! store {
    ($index:literal, $first:literal, $second:literal) => {
        concat!(
            "vmovups zmmword ptr [r15 + ",
            $first,
            " * 64], zmm",
            $first,
            "\n",
            "vmovups zmmword ptr [r15 + ",
            $second,
            " * 64], zmm",
            $second,
        )
    };
}

/// The sums of a tile in f32. Prefetches its own right side 4 KiB ahead, since the processor's
/// prefetching stops at the end of a page, and two cache lines of `prefetch` every four steps.
///
/// # Safety
/// As for [`MicroKernelFn`](crate::table::MicroKernelFn), and `a.step_stride` is 1.
#[expect(clippy::too_many_lines, reason = "it is one block of assembly")]
#[target_feature(enable = "avx512f")]
pub unsafe fn f32_tile(
    rows: usize,
    a: LeftWords,
    steps: usize,
    b: *const u32,
    prefetch: Prefetch,
    sums: *mut u32,
) {
    debug_assert_eq!(a.step_stride, 1);
    let stride = size_of::<u32>() * a.row_stride;
    macro_rules! tile {
        ($(($($row:tt)*))*) => {
            // SAFETY: the caller guarantees the words of each row and step on either side, and
            // `sums`. All registers that are changed are outputs.
            unsafe {
                asm!(
                    $(zero!($($row)*),)*
                    "sub rdx, 4",
                    "jl 3f",
                    "2:",
                    ".irp offset, 0, 4, 8, 12",
                    "vmovups zmm28, zmmword ptr [rdi + \\offset * 32]",
                    "vmovups zmm29, zmmword ptr [rdi + \\offset * 32 + 64]",
                    "prefetcht0 byte ptr [rdi + \\offset * 32 + 4096]",
                    "prefetcht0 byte ptr [rdi + \\offset * 32 + 4160]",
                    $(add_products!($($row)*, "\\offset"),)*
                    ".endr",
                    "prefetcht1 byte ptr [rcx]",
                    "prefetcht1 byte ptr [rcx + 64]",
                    "add rcx, rax",
                    "add rdi, 512",
                    "add rsi, 16",
                    "sub rdx, 4",
                    "jge 2b",
                    "3:",
                    "add rdx, 4",
                    "jz 5f",
                    "4:",
                    "vmovups zmm28, zmmword ptr [rdi]",
                    "vmovups zmm29, zmmword ptr [rdi + 64]",
                    $(add_products!($($row)*, "0"),)*
                    "add rdi, 128",
                    "add rsi, 4",
                    "dec rdx",
                    "jnz 4b",
                    "5:",
                    $(store!($($row)*),)*
                    inout("rsi") a.first => _,
                    inout("rdi") b => _,
                    inout("rdx") steps => _,
                    inout("rcx") prefetch.first => _,
                    in("rax") 4 * size_of::<u32>() * prefetch.step_stride,
                    in("r8") stride,
                    in("r9") 3 * stride,
                    in("r10") 5 * stride,
                    in("r11") 7 * stride,
                    in("r12") 9 * stride,
                    in("r13") 11 * stride,
                    in("r14") 13 * stride,
                    in("r15") sums,
                    out("zmm0") _, out("zmm1") _, out("zmm2") _, out("zmm3") _,
                    out("zmm4") _, out("zmm5") _, out("zmm6") _, out("zmm7") _,
                    out("zmm8") _, out("zmm9") _, out("zmm10") _, out("zmm11") _,
                    out("zmm12") _, out("zmm13") _, out("zmm14") _, out("zmm15") _,
                    out("zmm16") _, out("zmm17") _, out("zmm18") _, out("zmm19") _,
                    out("zmm20") _, out("zmm21") _, out("zmm22") _, out("zmm23") _,
                    out("zmm24") _, out("zmm25") _, out("zmm26") _, out("zmm27") _,
                    out("zmm28") _, out("zmm29") _, out("zmm30") _,
                    options(nostack),
                )
            }
        };
    }
    by_height!(rows, tile)
}
