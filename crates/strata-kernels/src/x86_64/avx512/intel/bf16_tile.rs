//! The micro-kernel of bf16. The words of the right side are widened to f32; the numbers of the left
//! side are f32 already.

use std::arch::asm;

use super::assembly::{add_products, by_height, store, zero};
use crate::arguments::LeftWords;

/// The sums of a tile, and what is widened. Prefetches its own right side 4 KiB ahead.
///
/// # Safety
/// As for [`WideningTileFn`](crate::simd::widened::WideningTileFn), and `a.step_stride` is 1.
#[target_feature(enable = "avx512f")]
pub unsafe fn bf16_tile(
    rows: usize,
    a: LeftWords,
    steps: usize,
    b: *const u32,
    sums: *mut u32,
    widened: *mut u32,
) {
    debug_assert!(a.step_stride == 1 && steps > 0);
    let stride = size_of::<u32>() * a.row_stride;
    macro_rules! tile {
        ([$($write_low:literal $write_high:literal)?] $(($($row:tt)*))*) => {
            // SAFETY: the caller guarantees the words of each row and step on either side, `sums`,
            // and `widened` if it is written. Every register that is changed is an output or one of
            // those that a call may change.
            unsafe {
                asm!(
                    // The mask of the upper halves of words.
                    "vpternlogd zmm31, zmm31, zmm31, 255",
                    "vpslld zmm31, zmm31, 16",
                    $(zero!($($row)*),)*
                    "2:",
                    "vpslld zmm28, zmmword ptr [rdi], 16",
                    "vpslld zmm29, zmmword ptr [rdi + 64], 16",
                    $($write_low,)?
                    "prefetcht0 byte ptr [rdi + 4096]",
                    $(add_products!($($row)*, "0"),)*
                    "vpandd zmm28, zmm31, zmmword ptr [rdi]",
                    "vpandd zmm29, zmm31, zmmword ptr [rdi + 64]",
                    $($write_high,)?
                    "prefetcht0 byte ptr [rdi + 4160]",
                    $(add_products!($($row)*, "4"),)*
                    "add rdi, 128",
                    "add rsi, 8",
                    "dec rdx",
                    "jnz 2b",
                    $(store!($($row)*),)*
                    inout("rsi") a.first => _,
                    inout("rdi") b => _,
                    inout("rdx") steps => _,
                    inout("rcx") widened => _,
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
    if widened.is_null() {
        by_height!(rows, tile [])
    } else {
        by_height!(rows, tile [
            "vmovups zmmword ptr [rcx], zmm28\nvmovups zmmword ptr [rcx + 64], zmm29"
            "vmovups zmmword ptr [rcx + 128], zmm28\nvmovups zmmword ptr [rcx + 192], zmm29\nadd rcx, 256"
        ])
    }
}
