//! AVX-512 (F, BW, DQ, VL), with BF16 and VNNI if the CPU has them. Without one of these, the GEMM
//! of that dtype is AVX2's.

mod dots;
mod intel;
mod vector;

pub use self::dots::{Bf16Dot, F32Dot, Int8Dot};
pub use self::vector::Vector;
use super::avx2;
use crate::arguments::AttentionArguments;
use crate::simd::attention::{Rounded, attention};
use crate::simd::dot::Dot;
use crate::simd::lanes::Lanes;
use crate::simd::{rounding, table_functions};
use crate::table::{GemmKernel, Layout, Table};

/// The kernels, for a CPU by Intel or another maker, with or without BF16 and VNNI.
pub fn table(intel: bool, bf16: bool, vnni: bool) -> Table {
    let attention = if intel { intel::attention_f32 } else { attention_f32 };
    // Intel's instruction for bf16 has half of the rate of FMA.
    let rounded = bf16 && !intel;
    Table {
        f32: if intel { intel::F32 } else { F32 },
        f32_split: None,
        bf16: match (intel, bf16) {
            (true, _) => intel::BF16,
            (false, true) => BF16,
            (false, false) => GemmKernel { products: BY_AVX2, ..avx2::BF16 },
        },
        int8: if vnni { INT8 } else { GemmKernel { products: BY_AVX2, ..avx2::INT8 } },
        layer_norm,
        rotate,
        attention,
        attention_rounded: if rounded { attention_bf16 } else { attention },
        rounded_products: if rounded { BF16.products } else { F32.products },
        activate,
        to_bf16: if bf16 { to_bf16 } else { avx2::to_bf16 },
        quantize,
        tiles: None,
    }
}

/// The products of AVX2's kernels, among those of AVX-512.
const BY_AVX2: &str = "avx2";

pub const F32: GemmKernel = GemmKernel {
    panel_columns: 2 * Vector::N,
    layout: Layout::Steps,
    gemm: gemm_f32,
    micro_kernel: micro_kernel_f32,
    tile_rows: F32Dot::TILE_ROWS,
    instructions: "avx512",
    products: "fma",
};

pub const BF16: GemmKernel = GemmKernel {
    panel_columns: 2 * Vector::N,
    layout: Layout::Steps,
    gemm: gemm_bf16,
    micro_kernel: micro_kernel_bf16,
    tile_rows: Bf16Dot::TILE_ROWS,
    instructions: "avx512 bf16",
    products: "dot",
};

pub const INT8: GemmKernel = GemmKernel {
    panel_columns: 2 * Vector::N,
    layout: Layout::Steps,
    gemm: gemm_int8,
    micro_kernel: micro_kernel_int8,
    tile_rows: Int8Dot::TILE_ROWS,
    instructions: "avx512 vnni",
    products: "vnni",
};

table_functions! {
    ["avx512f,avx512bw,avx512dq,avx512vl"];
    ["avx512f,avx512bw,avx512dq,avx512vl"] => gemm_f32, micro_kernel_f32: F32Dot;
    ["avx512f,avx512bw,avx512dq,avx512vl,avx512bf16"] => gemm_bf16, micro_kernel_bf16: Bf16Dot;
    ["avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"] => gemm_int8, micro_kernel_int8: Int8Dot;
}

/// # Safety
/// As for [`AttentionFn`](crate::table::AttentionFn).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn attention_bf16(arguments: &AttentionArguments) {
    // SAFETY: this function has the features; the caller guarantees the rest.
    unsafe { attention::<Rounded<Bf16Dot>>(arguments) }
}

/// # Safety
/// As for [`ToBf16Fn`](crate::table::ToBf16Fn).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn to_bf16(from: *const f32, n: usize, to: *mut u16, line_stride: usize) {
    // SAFETY: as above.
    unsafe { rounding::to_bf16::<Vector>(from, n, to, line_stride) }
}
