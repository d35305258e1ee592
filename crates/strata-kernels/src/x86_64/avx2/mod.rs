//! AVX2 with FMA. It has no instructions for bf16, which is widened to f32. Bytes are widened to 16
//! bits, since its multiplication of bytes saturates the sums.

mod dots;
mod vector;

use self::dots::{Bf16Dot, F32Dot, Int8Dot};
use self::vector::Vector;
use crate::simd::dot::Dot;
use crate::simd::lanes::Lanes;
use crate::simd::{rounding, table_functions};
use crate::table::{GemmKernel, Layout, Table};

/// The kernels.
pub fn table() -> Table {
    Table {
        f32: F32,
        f32_split: None,
        bf16: BF16,
        int8: INT8,
        layer_norm,
        rotate,
        attention: attention_f32,
        attention_rounded: attention_f32,
        rounded_products: F32.products,
        activate,
        to_bf16,
        quantize,
        tiles: None,
    }
}

const F32: GemmKernel = GemmKernel {
    panel_columns: 2 * Vector::N,
    layout: Layout::Steps,
    gemm: gemm_f32,
    micro_kernel: micro_kernel_f32,
    tile_rows: F32Dot::TILE_ROWS,
    instructions: "avx2",
    products: "fma",
};

pub const BF16: GemmKernel = GemmKernel {
    panel_columns: 2 * Vector::N,
    layout: Layout::Steps,
    gemm: gemm_bf16,
    micro_kernel: micro_kernel_bf16,
    tile_rows: Bf16Dot::TILE_ROWS,
    instructions: "avx2, bf16 widened to f32",
    products: "widened",
};

pub const INT8: GemmKernel = GemmKernel {
    panel_columns: 2 * Vector::N,
    layout: Layout::Steps,
    gemm: gemm_int8,
    micro_kernel: micro_kernel_int8,
    tile_rows: Int8Dot::TILE_ROWS,
    instructions: "avx2, int8 widened to 16 bits",
    products: "widened",
};

table_functions! {
    ["avx2,fma"];
    ["avx2,fma"] => gemm_f32, micro_kernel_f32: F32Dot;
    ["avx2,fma"] => gemm_bf16, micro_kernel_bf16: Bf16Dot;
    ["avx2,fma"] => gemm_int8, micro_kernel_int8: Int8Dot;
}

/// # Safety
/// As for [`ToBf16Fn`](crate::table::ToBf16Fn).
#[target_feature(enable = "avx2,fma")]
pub unsafe fn to_bf16(from: *const f32, n: usize, to: *mut u16, line_stride: usize) {
    // SAFETY: this function has the features; the caller guarantees the rest.
    unsafe { rounding::to_bf16::<Vector>(from, n, to, line_stride) }
}
