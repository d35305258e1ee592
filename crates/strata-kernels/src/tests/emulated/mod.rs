//! An instruction set of 4 lanes that no CPU has, in plain Rust: with it the algorithms for vector
//! registers are tested on every architecture. It also shows what a new instruction set must
//! provide: a register type, a step of a dot product per dtype, and a table.

pub mod dots;
pub mod vector;

use self::dots::TILE_ROWS;
use crate::arguments::{AttentionArguments, GemmArguments, LeftWords, Prefetch};
use crate::instruction_set::InstructionSet;
use crate::kernels::Kernels;
use crate::simd::attention::{Rounded, attention};
use crate::simd::lanes::Lanes;
use crate::simd::widened::{gemm_widened, widen};
use crate::simd::{rounding, table_functions};
use crate::table::{GemmKernel, Layout, Table};

type Vector = vector::Vector<4>;
type F32Dot = dots::F32Dot<4>;
type Bf16Dot = dots::Bf16Dot<4>;
type Int8Dot = dots::Int8Dot<4>;

/// Its kernels.
pub fn kernels() -> Kernels {
    static PLAIN: Table = TABLE;
    // SAFETY: the table's functions need no CPU features.
    unsafe { Kernels::from_table(InstructionSet::Scalar, &PLAIN) }
}

/// Those with bf16 widened to f32.
pub fn kernels_that_widen() -> Kernels {
    static WIDENING: Table = Table {
        bf16: GemmKernel {
            layout: Layout::Widened,
            gemm: gemm_widened_bf16,
            products: "emulatedwidened",
            ..F32
        },
        ..TABLE
    };
    // SAFETY: the table's functions need no CPU features.
    unsafe { Kernels::from_table(InstructionSet::Scalar, &WIDENING) }
}

const TABLE: Table = Table {
    f32: F32,
    f32_split: None,
    bf16: GemmKernel { gemm: gemm_bf16, micro_kernel: micro_kernel_bf16, ..F32 },
    int8: GemmKernel { gemm: gemm_int8, micro_kernel: micro_kernel_int8, ..F32 },
    layer_norm,
    rotate,
    attention: attention_f32,
    attention_rounded: attention_bf16,
    rounded_products: F32.products,
    activate,
    to_bf16,
    quantize,
    tiles: None,
};

const F32: GemmKernel = GemmKernel {
    panel_columns: 2 * Vector::N,
    layout: Layout::Steps,
    gemm: gemm_f32,
    micro_kernel: micro_kernel_f32,
    tile_rows: TILE_ROWS,
    instructions: "emulated",
    products: "emulated",
};

table_functions! {
    [];
    [] => gemm_f32, micro_kernel_f32: F32Dot;
    [] => gemm_bf16, micro_kernel_bf16: Bf16Dot;
    [] => gemm_int8, micro_kernel_int8: Int8Dot;
}

/// # Safety
/// As for [`AttentionFn`](crate::table::AttentionFn).
unsafe fn attention_bf16(arguments: &AttentionArguments) {
    // SAFETY: the caller guarantees it.
    unsafe { attention::<Rounded<Bf16Dot>>(arguments) }
}

/// # Safety
/// As for [`GemmFn`](crate::table::GemmFn).
unsafe fn gemm_widened_bf16(arguments: &GemmArguments) {
    // SAFETY: the caller guarantees it.
    unsafe { gemm_widened::<F32Dot>(arguments, F32.micro_kernel, widening_tile) }
}

/// # Safety
/// As for [`WideningTileFn`](crate::simd::widened::WideningTileFn).
unsafe fn widening_tile(
    rows: usize,
    a: LeftWords,
    steps: usize,
    b: *const u32,
    sums: *mut u32,
    widened: *mut u32,
) {
    let mut own = vec![0; 2 * steps * F32.panel_columns];
    let to = if widened.is_null() { own.as_mut_ptr() } else { widened };
    // SAFETY: `to` has two words for each of the panel; the caller guarantees the rest.
    unsafe {
        widen::<Vector>(b, steps, to);
        let prefetch = Prefetch { first: b, step_stride: 0 };
        (F32.micro_kernel)(rows, a, 2 * steps, to, prefetch, sums);
    }
}

/// # Safety
/// As for [`ToBf16Fn`](crate::table::ToBf16Fn).
unsafe fn to_bf16(from: *const f32, n: usize, to: *mut u16, line_stride: usize) {
    // SAFETY: the caller guarantees it.
    unsafe { rounding::to_bf16::<Vector>(from, n, to, line_stride) }
}
