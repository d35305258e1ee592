//! The micro-kernel of f32.

use std::arch::asm;

use super::assembly::{add_products, by_height, store, zero};
use crate::arguments::{LeftWords, Prefetch};

/// The sums of a tile. Prefetches its own right side 4 KiB ahead, since the processor's prefetching
/// stops at the end of a page, and two cache lines of `prefetch` every four steps.
///
/// # Safety
/// As for [`MicroKernelFn`](crate::table::MicroKernelFn).
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
        ([] $(($($row:tt)*))*) => {
            // SAFETY: the caller guarantees the words of each row and step on either side, and
            // `sums`. Every register that is changed is an output or one of those that a call may
            // change.
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
                    clobber_abi("sysv64"),
                    options(nostack),
                )
            }
        };
    }
    by_height!(rows, tile [])
}
