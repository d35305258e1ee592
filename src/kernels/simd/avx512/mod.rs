//! AVX-512 (F, BW, DQ, VL), with BF16 and VNNI for the reduced products. A CPU that lacks one of the
//! two has the AVX2 form of that product.

mod dots;
mod vector;

use super::super::table::{Attention, Left, NormRows, Panel, Product, Table};
use super::{attention, product, rows};
use dots::{Bf16Dot, F32Dot, Int8Dot};
use vector::Vector;

/// Everything but the reduced products, which the caller chooses.
pub(in super::super) fn table(bf16: Product, int8: Product) -> Table {
    Table { f32: F32, bf16, int8, layer_norm, attention: attend, to_bf16, quantize }
}

const F32: Product = Product {
    columns: 32,
    product: product_f32,
    tile: tile_f32,
    height: 12,
    instructions: "avx512",
};

pub(in super::super) const BF16: Product = Product {
    columns: 32,
    product: product_bf16,
    tile: tile_bf16,
    height: 12,
    instructions: "avx512 bf16",
};

pub(in super::super) const INT8: Product = Product {
    columns: 32,
    product: product_int8,
    tile: tile_int8,
    height: 12,
    instructions: "avx512 vnni",
};

super::table_functions! {
    "avx512f,avx512bw,avx512dq,avx512vl",
    "avx512f,avx512bw,avx512dq,avx512vl" => product_f32, tile_f32: F32Dot;
    "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16" => product_bf16, tile_bf16: Bf16Dot;
    "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni" => product_int8, tile_int8: Int8Dot;
}
