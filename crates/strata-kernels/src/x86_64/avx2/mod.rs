//! AVX2 with FMA. Without instructions for them, bf16 is widened to f32 and bytes to 16 bits: the
//! multiply of bytes that AVX2 has saturates its sums.

mod dots;
mod vector;

use crate::simd::attention::{self, AsTheyAre};
use crate::simd::{gemm, layer_norm, table_functions};
use crate::table::{Ahead, Attention, Left, NormRows, Panel, Product, Table};
use dots::{Bf16Dot, F32Dot, Int8Dot};
use vector::Vector;

pub(crate) fn table() -> Table {
    Table {
        f32: F32,
        bf16: BF16,
        int8: INT8,
        layer_norm,
        attention: attend,
        attention_rounded: attend,
        to_bf16,
        quantize,
    }
}

const F32: Product =
    Product { columns: 16, product: product_f32, tile: tile_f32, height: 6, instructions: "avx2" };

pub(crate) const BF16: Product = Product {
    columns: 16,
    product: product_bf16,
    tile: tile_bf16,
    height: 6,
    instructions: "avx2, bf16 widened to f32",
};

pub(crate) const INT8: Product = Product {
    columns: 16,
    product: product_int8,
    tile: tile_int8,
    height: 6,
    instructions: "avx2, int8 widened to 16 bits",
};

table_functions! {
    "avx2,fma",
    "avx2,fma" => product_f32, tile_f32: F32Dot;
    "avx2,fma" => product_bf16, tile_bf16: Bf16Dot;
    "avx2,fma" => product_int8, tile_int8: Int8Dot;
}

#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn to_bf16(from: *const f32, n: usize, to: *mut u16) {
    // SAFETY: the features are this function's own; the rest the caller vouches for.
    unsafe { layer_norm::to_bf16::<Vector>(from, n, to) }
}
