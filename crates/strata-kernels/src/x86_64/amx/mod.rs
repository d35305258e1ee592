//! AMX: GEMM and attention's matmuls on tiles, everything else as with AVX-512.

mod permission;
mod unit;

pub use self::permission::Tiles;
pub use self::unit::Amx;
use super::avx512::{self, Bf16Dot, F32Dot, Int8Dot, Vector};
use crate::arguments::{AttentionArguments, GemmArguments};
use crate::simd::matrix::{self, COLUMNS, MatrixUnit};
use crate::table::{self, GemmKernel, Layout, Table};

/// The kernels.
pub fn table() -> Table {
    Table {
        f32_split: Some(F32_SPLIT),
        bf16: BF16,
        int8: INT8,
        attention_rounded: attention_bf16,
        rounded_products: BF16.products,
        tiles: Some(table::Tiles { configure, release, dots_bf16, dots_int8 }),
        ..avx512::table(true, true, true)
    }
}

const F32_SPLIT: GemmKernel = GemmKernel {
    panel_columns: COLUMNS,
    layout: Layout::Parts(split_row),
    gemm: gemm_f32_split,
    instructions: "amx bf16, six products",
    products: "split",
    ..avx512::F32
};

const BF16: GemmKernel = GemmKernel {
    panel_columns: COLUMNS,
    layout: Layout::Tiles,
    gemm: gemm_bf16,
    instructions: "amx bf16",
    products: "tiles",
    ..avx512::BF16
};

const INT8: GemmKernel = GemmKernel {
    panel_columns: COLUMNS,
    layout: Layout::Tiles,
    gemm: gemm_int8,
    instructions: "amx int8",
    products: "tiles",
    ..avx512::INT8
};

/// # Safety
/// As for [`GemmFn`](crate::table::GemmFn).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn gemm_bf16(arguments: &GemmArguments) {
    // SAFETY: this function has the features; the caller guarantees the rest.
    unsafe { matrix::gemm::gemm::<Amx, Bf16Dot, false>(arguments) }
}

/// # Safety
/// As for [`GemmFn`](crate::table::GemmFn).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx512vnni")]
unsafe fn gemm_int8(arguments: &GemmArguments) {
    // SAFETY: as above.
    unsafe { matrix::gemm::gemm::<Amx, Int8Dot, true>(arguments) }
}

/// # Safety
/// As for [`GemmFn`](crate::table::GemmFn).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn gemm_f32_split(arguments: &GemmArguments) {
    // SAFETY: as above.
    unsafe { matrix::split::gemm::<Amx, F32Dot>(arguments, avx512::F32.micro_kernel) }
}

/// # Safety
/// As for [`AttentionFn`](crate::table::AttentionFn).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn attention_bf16(arguments: &AttentionArguments) {
    // SAFETY: as above.
    unsafe { matrix::attention::attention::<Amx, Vector>(arguments) }
}

/// # Safety
/// As for [`SplitFn`](crate::table::SplitFn).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn split_row(from: *const f32, n: usize, to: *mut u32) -> bool {
    // SAFETY: as above.
    unsafe { matrix::split::split_row::<Vector>(from, n, to) }
}

/// # Safety
/// As for [`TilesFn`](crate::table::TilesFn).
unsafe fn configure() {
    // SAFETY: the caller guarantees the features.
    unsafe { Amx::configure() }
}

/// # Safety
/// As for [`TilesFn`](crate::table::TilesFn).
unsafe fn release() {
    // SAFETY: as above.
    unsafe { Amx::release() }
}

/// # Safety
/// As for [`DotsFn`](crate::table::DotsFn).
unsafe fn dots_bf16(rounds: usize) {
    // SAFETY: as above.
    unsafe { Amx::dots_bf16(rounds) }
}

/// # Safety
/// As for [`DotsFn`](crate::table::DotsFn).
unsafe fn dots_int8(rounds: usize) {
    // SAFETY: as above.
    unsafe { Amx::dots_int8(rounds) }
}
