//! AVX-512 on Intel's processors.

mod assembly;
mod bf16_tile;
mod f32_tile;

use std::arch::asm;

use super::vector::Vector;
use crate::arguments::{AttentionArguments, GemmArguments};
use crate::simd::attention::{Plain, attention};
use crate::simd::dot::{Dot, Prefetching};
use crate::simd::gemm::gemm;
use crate::simd::lanes::{Lanes, methods};
use crate::simd::widened::gemm_widened;
use crate::table::{GemmKernel, Layout};

pub const F32: GemmKernel = GemmKernel {
    panel_columns: 2 * Vector::N,
    layout: Layout::Steps,
    gemm: gemm_f32,
    micro_kernel: f32_tile::f32_tile,
    tile_rows: assembly::TILE_ROWS,
    instructions: "avx512",
    // The same sums in the same order as the kernel for other makers.
    products: "fma",
};

/// FMA has twice the rate of the instruction for bf16.
pub const BF16: GemmKernel = GemmKernel {
    layout: Layout::Widened,
    gemm: gemm_bf16,
    instructions: "avx512, bf16 widened to f32",
    products: "widened",
    ..F32
};

/// f32 with FMA.
pub struct F32Dot;

impl Dot for F32Dot {
    type Register = Vector;
    const ROUNDED: bool = false;
    const TILE_ROWS: usize = assembly::TILE_ROWS;
    const PREFETCHING: Prefetching = Prefetching::Thorough;

    methods! {
        // The line is about to be written: other cores have to give it up.
        fn prefetch_output(out: *const f32) = asm!(
            "prefetchw byte ptr [{}]",
            in(reg) out,
            options(nostack, preserves_flags, readonly),
        );
        fn step(sum: Vector, a: Vector, b: Vector) -> Vector = super::dots::F32Dot::step(sum, a, b);
    }
}

/// f32 with FMA.
pub struct AttentionDot;

impl Dot for AttentionDot {
    type Register = Vector;
    const ROUNDED: bool = false;
    const TILE_ROWS: usize = 12;
    const PREFETCHING: Prefetching = Prefetching::Thorough;

    methods! {
        // The line is about to be written: other cores have to give it up.
        fn prefetch_output(out: *const f32) = asm!(
            "prefetchw byte ptr [{}]",
            in(reg) out,
            options(nostack, preserves_flags, readonly),
        );
        fn step(sum: Vector, a: Vector, b: Vector) -> Vector = super::dots::F32Dot::step(sum, a, b);
    }
}

/// # Safety
/// As for [`AttentionFn`](crate::table::AttentionFn).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub unsafe fn attention_f32(arguments: &AttentionArguments) {
    // SAFETY: this function has the features; the caller guarantees the rest.
    unsafe { attention::<Plain<AttentionDot>>(arguments) }
}

/// # Safety
/// As for [`GemmFn`](crate::table::GemmFn).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn gemm_f32(arguments: &GemmArguments) {
    // SAFETY: this function has the features; the caller guarantees the rest.
    unsafe { gemm::<F32Dot>(arguments, f32_tile::f32_tile) }
}

/// # Safety
/// As for [`GemmFn`](crate::table::GemmFn).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn gemm_bf16(arguments: &GemmArguments) {
    // SAFETY: as above.
    unsafe { gemm_widened::<F32Dot>(arguments, f32_tile::f32_tile, bf16_tile::bf16_tile) }
}
