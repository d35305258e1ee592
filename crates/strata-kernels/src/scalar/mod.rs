//! Plain loops: every instruction set is tested against them, and they are used on a CPU that has
//! none.

mod activation;
mod attention;
mod gemm;
mod rows;

use self::gemm::{Bf16Word, COLUMNS, F32Word, Int8Word};
use crate::table::{GemmKernel, Layout, Table};

/// The kernels.
pub static TABLE: Table = Table {
    f32: F32,
    f32_split: None,
    bf16: BF16,
    int8: INT8,
    layer_norm: rows::layer_norm,
    rotate: rows::rotate,
    attention: attention::attention,
    attention_rounded: attention::attention,
    rounded_products: F32.products,
    activate: activation::activate,
    to_bf16: rows::to_bf16,
    quantize: rows::quantize,
    tiles: None,
};

const F32: GemmKernel = GemmKernel {
    panel_columns: COLUMNS,
    layout: Layout::Steps,
    gemm: gemm::gemm::<F32Word>,
    micro_kernel: gemm::micro_kernel::<F32Word>,
    tile_rows: 1,
    instructions: "scalar",
    products: "plain",
};

const BF16: GemmKernel = GemmKernel {
    gemm: gemm::gemm::<Bf16Word>,
    micro_kernel: gemm::micro_kernel::<Bf16Word>,
    ..F32
};

const INT8: GemmKernel = GemmKernel {
    gemm: gemm::gemm::<Int8Word>,
    micro_kernel: gemm::micro_kernel::<Int8Word>,
    ..F32
};
