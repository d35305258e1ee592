//! AVX-512 (F, BW, DQ, VL), with BF16 and VNNI for the reduced products. A CPU that lacks one of the
//! two has the AVX2 form of that product.

mod dots;
mod vector;

use super::super::table::{Attention, Left, Panel, Product, Table};
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

// The functions of the table: where the instruction set begins. Each is as safe as what it calls.

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn product_f32(panel: &Panel) {
    // SAFETY: the features are this function\'s own; the rest the caller vouches for.
    unsafe { product::product::<F32Dot, Vector>(panel, tile_f32) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn tile_f32(height: usize, a: Left, steps: usize, b: *const u32, out: *mut u32) {
    // SAFETY: the features are this function\'s own; the rest the caller vouches for.
    unsafe { product::tile_of::<F32Dot>(height, a, steps, b, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn product_bf16(panel: &Panel) {
    // SAFETY: the features are this function\'s own; the rest the caller vouches for.
    unsafe { product::product::<Bf16Dot, Vector>(panel, tile_bf16) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn tile_bf16(height: usize, a: Left, steps: usize, b: *const u32, out: *mut u32) {
    // SAFETY: the features are this function\'s own; the rest the caller vouches for.
    unsafe { product::tile_of::<Bf16Dot>(height, a, steps, b, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn product_int8(panel: &Panel) {
    // SAFETY: the features are this function\'s own; the rest the caller vouches for.
    unsafe { product::product::<Int8Dot, Vector>(panel, tile_int8) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile_int8(height: usize, a: Left, steps: usize, b: *const u32, out: *mut u32) {
    // SAFETY: the features are this function\'s own; the rest the caller vouches for.
    unsafe { product::tile_of::<Int8Dot>(height, a, steps, b, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn layer_norm(
    first: *mut f32,
    rows: usize,
    stride: usize,
    c: usize,
    gain: *const f32,
    bias: *const f32,
    eps: f32,
) {
    // SAFETY: the features are this function\'s own; the rest the caller vouches for.
    unsafe { rows::layer_norm::<Vector>(first, rows, stride, c, gain, bias, eps) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn attend(of: &Attention) {
    // SAFETY: the features are this function\'s own; the rest the caller vouches for.
    unsafe { attention::attention::<F32Dot, Vector>(of) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn to_bf16(from: *const f32, n: usize, to: *mut u16) {
    // SAFETY: the features are this function\'s own; the rest the caller vouches for.
    unsafe { rows::to_bf16::<Vector>(from, n, to) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn quantize(from: *const f32, n: usize, to: *mut u8) -> (f32, f32) {
    // SAFETY: the features are this function\'s own; the rest the caller vouches for.
    unsafe { rows::quantize::<Vector>(from, n, to) }
}
