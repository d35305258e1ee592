//! AVX-512 (F, BW, DQ, VL), with BF16 and VNNI where the CPU has them. One that lacks either has the
//! AVX2 form of those products.

mod dots;
mod vector;

use super::avx2;
use crate::simd::attention::{self, AsBf16, AsTheyAre};
use crate::simd::{gemm, layer_norm, table_functions};
use crate::table::{Ahead, Attention, Left, NormRows, Panel, Product, Table};
use dots::{Bf16Dot, F32Dot, Int8Dot};
use vector::Vector;

/// The functions for a CPU with BF16 and VNNI, or without.
pub(crate) fn table(bf16: bool, vnni: bool) -> Table {
    Table {
        f32: F32,
        bf16: if bf16 { BF16 } else { avx2::BF16 },
        int8: if vnni { INT8 } else { avx2::INT8 },
        layer_norm,
        attention: attend,
        attention_rounded: if bf16 { attend_rounded } else { attend },
        to_bf16: if bf16 { to_bf16 } else { avx2::to_bf16 },
        quantize,
    }
}

const F32: Product = Product {
    columns: 32,
    product: product_f32,
    tile: tile_f32,
    height: 12,
    instructions: "avx512",
};

const BF16: Product = Product {
    columns: 32,
    product: product_bf16,
    tile: tile_bf16,
    height: 12,
    instructions: "avx512 bf16",
};

const INT8: Product = Product {
    columns: 32,
    product: product_int8,
    tile: tile_int8,
    height: 12,
    instructions: "avx512 vnni",
};

table_functions! {
    "avx512f,avx512bw,avx512dq,avx512vl",
    "avx512f,avx512bw,avx512dq,avx512vl" => product_f32, tile_f32: F32Dot;
    "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16" => product_bf16, tile_bf16: Bf16Dot;
    "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni" => product_int8, tile_int8: Int8Dot;
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn attend_rounded(of: &Attention) {
    // SAFETY: the features are this function's own; the rest the caller vouches for.
    unsafe { attention::attention::<AsBf16<Bf16Dot>>(of) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn to_bf16(from: *const f32, n: usize, to: *mut u16) {
    // SAFETY: as above.
    unsafe { layer_norm::to_bf16::<Vector>(from, n, to) }
}
