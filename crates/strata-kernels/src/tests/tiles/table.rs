//! An instruction set of 16 lanes and tiles in plain Rust. Its table is as that of AMX: GEMMs and
//! attention in bf16 on tiles, everything else on registers.

use super::unit::Model;
use crate::arguments::GemmArguments;
use crate::instruction_set::InstructionSet;
use crate::kernels::Kernels;
use crate::simd::activation::activate;
use crate::simd::attention::{Plain, attention};
use crate::simd::gemm::gemm;
use crate::simd::layer_norm::layer_norm;
use crate::simd::matrix::{self, COLUMNS, MatrixUnit, TILE};
use crate::simd::micro_kernel::micro_kernel_of_rows;
use crate::simd::rotation::rotate;
use crate::simd::rounding::{quantize, to_bf16};
use crate::table::{GemmKernel, Layout, Table, Tiles};
use crate::tests::emulated::dots::{self, TILE_ROWS};
use crate::tests::emulated::vector;

type Vector = vector::Vector<TILE>;
type F32Dot = dots::F32Dot<TILE>;
type Bf16Dot = dots::Bf16Dot<TILE>;
type Int8Dot = dots::Int8Dot<TILE>;

/// The name of its instructions.
pub const NAME: &str = "emulated tiles";

/// Its kernels.
pub fn kernels() -> Kernels {
    // SAFETY: the table's functions need no CPU features.
    unsafe { Kernels::from_table(InstructionSet::Scalar, &TABLE) }
}

static TABLE: Table = Table {
    f32: F32,
    f32_split: Some(GemmKernel {
        layout: Layout::Parts(matrix::split::split_row::<Vector>),
        gemm: gemm_f32_split,
        ..F32
    }),
    bf16: GemmKernel {
        layout: Layout::Tiles,
        gemm: matrix::gemm::gemm::<Model, Bf16Dot, false>,
        micro_kernel: micro_kernel_of_rows::<Bf16Dot>,
        ..F32
    },
    int8: GemmKernel {
        layout: Layout::Tiles,
        gemm: matrix::gemm::gemm::<Model, Int8Dot, true>,
        micro_kernel: micro_kernel_of_rows::<Int8Dot>,
        ..F32
    },
    layer_norm: layer_norm::<Vector>,
    rotate: rotate::<Vector>,
    attention: attention::<Plain<F32Dot>>,
    attention_rounded: matrix::attention::attention::<Model, Vector>,
    rounded_products: F32.products,
    activate: activate::<Vector>,
    to_bf16: to_bf16::<Vector>,
    quantize: quantize::<Vector>,
    tiles: Some(Tiles {
        configure: Model::configure,
        release: Model::release,
        dots_bf16: Model::dots_bf16,
        dots_int8: Model::dots_int8,
    }),
};

const F32: GemmKernel = GemmKernel {
    panel_columns: COLUMNS,
    layout: Layout::Steps,
    gemm: gemm_f32,
    micro_kernel: micro_kernel_of_rows::<F32Dot>,
    tile_rows: TILE_ROWS,
    instructions: NAME,
    products: "emulatedtiles",
};

/// # Safety
/// As for [`GemmFn`](crate::table::GemmFn).
unsafe fn gemm_f32(arguments: &GemmArguments) {
    // SAFETY: the caller guarantees it.
    unsafe { gemm::<F32Dot>(arguments, F32.micro_kernel) }
}

/// # Safety
/// As for [`GemmFn`](crate::table::GemmFn).
unsafe fn gemm_f32_split(arguments: &GemmArguments) {
    // SAFETY: as above.
    unsafe { matrix::split::gemm::<Model, F32Dot>(arguments, F32.micro_kernel) }
}
