//! AVX-512 (F, BW, DQ, VL), with BF16 and VNNI for the reduced products. A CPU that lacks one of the
//! two has the AVX2 form of that product.

use std::arch::x86_64::*;

use super::lanes::Lanes;
use super::table::{Attention, Panel, Product, Table};
use super::tile::{Dot, Left};
use super::{attention, product, rows};

/// Everything but the reduced products, which the caller chooses.
pub(super) fn table(bf16: Product, int8: Product) -> Table {
    Table { f32: F32, bf16, int8, layer_norm, attention: attend, to_bf16, quantize }
}

const F32: Product = Product {
    columns: 32,
    product: product_f32,
    tile: tile_f32,
    height: 12,
    instructions: "avx512",
};

pub(super) const BF16: Product = Product {
    columns: 32,
    product: product_bf16,
    tile: tile_bf16,
    height: 12,
    instructions: "avx512 bf16",
};

pub(super) const INT8: Product = Product {
    columns: 32,
    product: product_int8,
    tile: tile_int8,
    height: 12,
    instructions: "avx512 vnni",
};

/// A register of numbers.
#[derive(Clone, Copy)]
struct Vector(__m512);

impl Lanes for Vector {
    const N: usize = 16;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        unsafe { Self(_mm512_set1_ps(x)) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Self(_mm512_loadu_ps(from)) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn load_i32(from: *const u32) -> Self {
        unsafe { Self(_mm512_cvtepi32_ps(_mm512_loadu_si512(from.cast()))) }
    }
    #[inline(always)]
    unsafe fn store_u8(self, to: *mut u8) {
        unsafe { _mm_storeu_si128(to.cast(), _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(self.0))) }
    }
    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        unsafe {
            let bits = _mm512_castps_si512(self.0);
            let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
            let half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
            let rounded = _mm512_srli_epi32::<16>(_mm512_add_epi32(bits, half));
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0);
            let rounded = _mm512_mask_set1_epi32(rounded, nan, 0x7fc0);
            _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(rounded));
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { Self(_mm512_add_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { Self(_mm512_sub_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        unsafe { Self(_mm512_mul_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        unsafe { Self(_mm512_div_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        unsafe { Self(_mm512_fmadd_ps(self.0, factor.0, term.0)) }
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        unsafe { Self(_mm512_max_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        unsafe { Self(_mm512_min_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        unsafe {
            Self(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0))
        }
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        unsafe {
            let biased = _mm512_add_epi32(_mm512_cvtps_epi32(self.0), _mm512_set1_epi32(127));
            Self(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(biased)))
        }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe { _mm512_reduce_add_ps(self.0) }
    }
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        unsafe { _mm512_reduce_max_ps(self.0) }
    }
    #[inline(always)]
    unsafe fn least(self) -> f32 {
        unsafe { _mm512_reduce_min_ps(self.0) }
    }

    #[inline(always)]
    unsafe fn transpose(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
        // SAFETY: `i` is below 16, and the caller vouches for a block of 16 by 16 on either side.
        unsafe {
            let mut r = [_mm512_setzero_ps(); 16];
            for (i, row) in r.iter_mut().enumerate() {
                *row = _mm512_loadu_ps(from.add(i * stride));
            }
            // Pairs of columns, then of pairs, within quarters; then the quarters themselves.
            let mut s = r;
            for i in (0..16).step_by(2) {
                s[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
                s[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
            }
            for i in (0..16).step_by(4) {
                r[i] = _mm512_shuffle_ps::<0x44>(s[i], s[i + 2]);
                r[i + 1] = _mm512_shuffle_ps::<0xee>(s[i], s[i + 2]);
                r[i + 2] = _mm512_shuffle_ps::<0x44>(s[i + 1], s[i + 3]);
                r[i + 3] = _mm512_shuffle_ps::<0xee>(s[i + 1], s[i + 3]);
            }
            for i in 0..4 {
                s[i] = _mm512_shuffle_f32x4::<0x88>(r[i], r[i + 4]);
                s[i + 4] = _mm512_shuffle_f32x4::<0xdd>(r[i], r[i + 4]);
                s[i + 8] = _mm512_shuffle_f32x4::<0x88>(r[i + 8], r[i + 12]);
                s[i + 12] = _mm512_shuffle_f32x4::<0xdd>(r[i + 8], r[i + 12]);
            }
            for i in 0..4 {
                r[i] = _mm512_shuffle_f32x4::<0x88>(s[i], s[i + 8]);
                r[i + 8] = _mm512_shuffle_f32x4::<0xdd>(s[i], s[i + 8]);
                r[i + 4] = _mm512_shuffle_f32x4::<0x88>(s[i + 4], s[i + 12]);
                r[i + 12] = _mm512_shuffle_f32x4::<0xdd>(s[i + 4], s[i + 12]);
            }
            for (j, column) in r.into_iter().enumerate() {
                _mm512_storeu_ps(to.add(j * to_stride), column);
            }
        }
    }
}

/// f32 by FMA.
struct F32Dot;

impl Dot for F32Dot {
    type Register = Vector;
    const ROUNDED: bool = false;
    const N: usize = 16;
    const HEIGHT: usize = 12;

    #[inline(always)]
    unsafe fn zero() -> Vector {
        unsafe { Vector(_mm512_setzero_ps()) }
    }
    #[inline(always)]
    unsafe fn load(from: *const u32) -> Vector {
        unsafe { Vector(_mm512_loadu_ps(from.cast())) }
    }
    #[inline(always)]
    unsafe fn splat(from: *const u32) -> Vector {
        unsafe { Vector(_mm512_set1_ps(from.cast::<f32>().read_unaligned())) }
    }
    #[inline(always)]
    unsafe fn store(register: Vector, to: *mut u32) {
        unsafe { _mm512_storeu_ps(to.cast(), register.0) }
    }
    #[inline(always)]
    unsafe fn step(sum: Vector, a: Vector, b: Vector) -> Vector {
        unsafe { Vector(_mm512_fmadd_ps(a.0, b.0, sum.0)) }
    }
}

/// Two bf16 at a time, sums in f32.
struct Bf16Dot;

impl Dot for Bf16Dot {
    type Register = __m512i;
    const ROUNDED: bool = true;
    const N: usize = 16;
    const HEIGHT: usize = 12;

    #[inline(always)]
    unsafe fn zero() -> __m512i {
        unsafe { _mm512_setzero_si512() }
    }
    #[inline(always)]
    unsafe fn load(from: *const u32) -> __m512i {
        unsafe { _mm512_loadu_si512(from.cast()) }
    }
    #[inline(always)]
    unsafe fn splat(from: *const u32) -> __m512i {
        unsafe { _mm512_set1_epi32(from.read_unaligned().cast_signed()) }
    }
    #[inline(always)]
    unsafe fn store(register: __m512i, to: *mut u32) {
        unsafe { _mm512_storeu_si512(to.cast(), register) }
    }
    #[inline(always)]
    unsafe fn step(sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the three types are 512 bits that may hold anything.
        unsafe {
            let (a, b) = (
                std::mem::transmute::<__m512i, __m512bh>(a),
                std::mem::transmute::<__m512i, __m512bh>(b),
            );
            _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(sum), a, b))
        }
    }
}

/// Four bytes at a time, unsigned times signed, sums in i32, exact.
struct Int8Dot;

impl Dot for Int8Dot {
    type Register = __m512i;
    const ROUNDED: bool = true;
    const N: usize = 16;
    const HEIGHT: usize = 12;

    #[inline(always)]
    unsafe fn zero() -> __m512i {
        unsafe { _mm512_setzero_si512() }
    }
    #[inline(always)]
    unsafe fn load(from: *const u32) -> __m512i {
        unsafe { _mm512_loadu_si512(from.cast()) }
    }
    #[inline(always)]
    unsafe fn splat(from: *const u32) -> __m512i {
        unsafe { _mm512_set1_epi32(from.read_unaligned().cast_signed()) }
    }
    #[inline(always)]
    unsafe fn store(register: __m512i, to: *mut u32) {
        unsafe { _mm512_storeu_si512(to.cast(), register) }
    }
    #[inline(always)]
    unsafe fn step(sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        unsafe { _mm512_dpbusd_epi32(sum, a, b) }
    }
}

// The functions of the table: where the features begin.

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn product_f32(panel: &Panel) {
    unsafe { product::product::<F32Dot, Vector>(panel, tile_f32) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn tile_f32(height: usize, a: Left, steps: usize, b: *const u32, out: *mut u32) {
    unsafe { product::tile_of::<F32Dot>(height, a, steps, b, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn product_bf16(panel: &Panel) {
    unsafe { product::product::<Bf16Dot, Vector>(panel, tile_bf16) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn tile_bf16(height: usize, a: Left, steps: usize, b: *const u32, out: *mut u32) {
    unsafe { product::tile_of::<Bf16Dot>(height, a, steps, b, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn product_int8(panel: &Panel) {
    unsafe { product::product::<Int8Dot, Vector>(panel, tile_int8) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile_int8(height: usize, a: Left, steps: usize, b: *const u32, out: *mut u32) {
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
    unsafe { rows::layer_norm::<Vector>(first, rows, stride, c, gain, bias, eps) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn attend(of: &Attention) {
    unsafe { attention::attention::<F32Dot, Vector>(of) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn to_bf16(from: *const f32, n: usize, to: *mut u16) {
    unsafe { rows::to_bf16::<Vector>(from, n, to) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn quantize(from: *const f32, n: usize, to: *mut u8) -> (f32, f32) {
    unsafe { rows::quantize::<Vector>(from, n, to) }
}
