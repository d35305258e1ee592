//! AVX2 with FMA. Without instructions for them, bf16 is widened to f32 and bytes to 16 bits: the
//! multiply of bytes that AVX2 has saturates its sums.

use std::arch::x86_64::*;

use super::lanes::Lanes;
use super::table::{Attention, Panel, Product, Table};
use super::tile::{Dot, Left};
use super::{attention, product, rows};

pub(super) fn table() -> Table {
    Table { f32: F32, bf16: BF16, int8: INT8, layer_norm, attention: attend, to_bf16, quantize }
}

const F32: Product =
    Product { columns: 16, product: product_f32, tile: tile_f32, height: 6, instructions: "avx2" };

pub(super) const BF16: Product = Product {
    columns: 16,
    product: product_bf16,
    tile: tile_bf16,
    height: 6,
    instructions: "avx2, bf16 widened to f32",
};

pub(super) const INT8: Product = Product {
    columns: 16,
    product: product_int8,
    tile: tile_int8,
    height: 6,
    instructions: "avx2, int8 widened to 16 bits",
};

/// A register of numbers.
#[derive(Clone, Copy)]
struct Vector(__m256);

impl Lanes for Vector {
    const N: usize = 8;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        unsafe { Self(_mm256_set1_ps(x)) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Self(_mm256_loadu_ps(from)) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, self.0) }
    }
    #[inline(always)]
    unsafe fn load_i32(from: *const u32) -> Self {
        unsafe { Self(_mm256_cvtepi32_ps(_mm256_loadu_si256(from.cast()))) }
    }
    #[inline(always)]
    unsafe fn store_u8(self, to: *mut u8) {
        unsafe {
            let words = _mm256_cvtps_epi32(self.0);
            let halves = _mm_packus_epi32(
                _mm256_castsi256_si128(words),
                _mm256_extracti128_si256::<1>(words),
            );
            _mm_storel_epi64(to.cast(), _mm_packus_epi16(halves, halves));
        }
    }
    #[inline(always)]
    unsafe fn store_bf16(self, to: *mut u16) {
        unsafe {
            let bits = _mm256_castps_si256(self.0);
            let odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
            let half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
            let rounded = _mm256_srli_epi32::<16>(_mm256_add_epi32(bits, half));
            let nan = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0));
            let rounded = _mm256_blendv_epi8(rounded, _mm256_set1_epi32(0x7fc0), nan);
            let low = _mm256_castsi256_si128(rounded);
            let high = _mm256_extracti128_si256::<1>(rounded);
            _mm_storeu_si128(to.cast(), _mm_packus_epi32(low, high));
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { Self(_mm256_add_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { Self(_mm256_sub_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        unsafe { Self(_mm256_mul_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        unsafe { Self(_mm256_div_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        unsafe { Self(_mm256_fmadd_ps(self.0, factor.0, term.0)) }
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        unsafe { Self(_mm256_max_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        unsafe { Self(_mm256_min_ps(self.0, other.0)) }
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        unsafe {
            Self(_mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0))
        }
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        unsafe {
            let biased = _mm256_add_epi32(_mm256_cvtps_epi32(self.0), _mm256_set1_epi32(127));
            Self(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased)))
        }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe {
            let four =
                _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        unsafe {
            let four =
                _mm_max_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        }
    }
    #[inline(always)]
    unsafe fn least(self) -> f32 {
        unsafe {
            let four =
                _mm_min_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let two = _mm_min_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_min_ss(two, _mm_movehdup_ps(two)))
        }
    }

    #[inline(always)]
    unsafe fn transpose(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
        // SAFETY: `i` is below 8, and the caller vouches for a block of 8 by 8 on either side.
        unsafe {
            let mut r = [_mm256_setzero_ps(); 8];
            for (i, row) in r.iter_mut().enumerate() {
                *row = _mm256_loadu_ps(from.add(i * stride));
            }
            // Pairs of columns, then of pairs, within halves; then the halves themselves.
            let mut s = r;
            for i in (0..8).step_by(2) {
                s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
                s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
            }
            for i in (0..8).step_by(4) {
                r[i] = _mm256_shuffle_ps::<0x44>(s[i], s[i + 2]);
                r[i + 1] = _mm256_shuffle_ps::<0xee>(s[i], s[i + 2]);
                r[i + 2] = _mm256_shuffle_ps::<0x44>(s[i + 1], s[i + 3]);
                r[i + 3] = _mm256_shuffle_ps::<0xee>(s[i + 1], s[i + 3]);
            }
            for i in 0..4 {
                let low = _mm256_permute2f128_ps::<0x20>(r[i], r[i + 4]);
                let high = _mm256_permute2f128_ps::<0x31>(r[i], r[i + 4]);
                _mm256_storeu_ps(to.add(i * to_stride), low);
                _mm256_storeu_ps(to.add((i + 4) * to_stride), high);
            }
        }
    }
}

/// f32 by FMA.
struct F32Dot;

impl Dot for F32Dot {
    type Register = Vector;
    const ROUNDED: bool = false;
    const N: usize = 8;
    const HEIGHT: usize = 6;

    #[inline(always)]
    unsafe fn zero() -> Vector {
        unsafe { Vector(_mm256_setzero_ps()) }
    }
    #[inline(always)]
    unsafe fn load(from: *const u32) -> Vector {
        unsafe { Vector(_mm256_loadu_ps(from.cast())) }
    }
    #[inline(always)]
    unsafe fn splat(from: *const u32) -> Vector {
        unsafe { Vector(_mm256_set1_ps(from.cast::<f32>().read_unaligned())) }
    }
    #[inline(always)]
    unsafe fn store(register: Vector, to: *mut u32) {
        unsafe { _mm256_storeu_ps(to.cast(), register.0) }
    }
    #[inline(always)]
    unsafe fn step(sum: Vector, a: Vector, b: Vector) -> Vector {
        unsafe { Vector(_mm256_fmadd_ps(a.0, b.0, sum.0)) }
    }
}

/// Two bf16 at a time, each widened to f32, which is exact; the lower first.
struct Bf16Dot;

impl Dot for Bf16Dot {
    type Register = __m256i;
    const ROUNDED: bool = true;
    const N: usize = 8;
    const HEIGHT: usize = 6;

    #[inline(always)]
    unsafe fn zero() -> __m256i {
        unsafe { _mm256_setzero_si256() }
    }
    #[inline(always)]
    unsafe fn load(from: *const u32) -> __m256i {
        unsafe { _mm256_loadu_si256(from.cast()) }
    }
    #[inline(always)]
    unsafe fn splat(from: *const u32) -> __m256i {
        unsafe { _mm256_set1_epi32(from.read_unaligned().cast_signed()) }
    }
    #[inline(always)]
    unsafe fn store(register: __m256i, to: *mut u32) {
        unsafe { _mm256_storeu_si256(to.cast(), register) }
    }
    #[inline(always)]
    unsafe fn step(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
        unsafe {
            let upper = _mm256_set1_epi32(0xffff_0000_u32.cast_signed());
            let (a_low, b_low) = (_mm256_slli_epi32::<16>(a), _mm256_slli_epi32::<16>(b));
            let (a_high, b_high) = (_mm256_and_si256(a, upper), _mm256_and_si256(b, upper));
            let sum = _mm256_castsi256_ps(sum);
            let sum = _mm256_fmadd_ps(_mm256_castsi256_ps(a_low), _mm256_castsi256_ps(b_low), sum);
            let sum =
                _mm256_fmadd_ps(_mm256_castsi256_ps(a_high), _mm256_castsi256_ps(b_high), sum);
            _mm256_castps_si256(sum)
        }
    }
}

/// Four bytes at a time, each widened to 16 bits; products of pairs and their sums are exact.
struct Int8Dot;

impl Dot for Int8Dot {
    type Register = __m256i;
    const ROUNDED: bool = true;
    const N: usize = 8;
    const HEIGHT: usize = 6;

    #[inline(always)]
    unsafe fn zero() -> __m256i {
        unsafe { _mm256_setzero_si256() }
    }
    #[inline(always)]
    unsafe fn load(from: *const u32) -> __m256i {
        unsafe { _mm256_loadu_si256(from.cast()) }
    }
    #[inline(always)]
    unsafe fn splat(from: *const u32) -> __m256i {
        unsafe { _mm256_set1_epi32(from.read_unaligned().cast_signed()) }
    }
    #[inline(always)]
    unsafe fn store(register: __m256i, to: *mut u32) {
        unsafe { _mm256_storeu_si256(to.cast(), register) }
    }
    #[inline(always)]
    unsafe fn step(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
        unsafe {
            // Unsigned on the left, signed on the right; even bytes, then odd ones.
            let a_even = _mm256_and_si256(a, _mm256_set1_epi16(0xff));
            let a_odd = _mm256_srli_epi16::<8>(a);
            let b_even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(b));
            let b_odd = _mm256_srai_epi16::<8>(b);
            let even = _mm256_madd_epi16(a_even, b_even);
            let odd = _mm256_madd_epi16(a_odd, b_odd);
            _mm256_add_epi32(sum, _mm256_add_epi32(even, odd))
        }
    }
}

// The functions of the table: where the features begin.

#[target_feature(enable = "avx2,fma")]
unsafe fn product_f32(panel: &Panel) {
    unsafe { product::product::<F32Dot, Vector>(panel, tile_f32) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn tile_f32(height: usize, a: Left, steps: usize, b: *const u32, out: *mut u32) {
    unsafe { product::tile_of::<F32Dot>(height, a, steps, b, out) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn product_bf16(panel: &Panel) {
    unsafe { product::product::<Bf16Dot, Vector>(panel, tile_bf16) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn tile_bf16(height: usize, a: Left, steps: usize, b: *const u32, out: *mut u32) {
    unsafe { product::tile_of::<Bf16Dot>(height, a, steps, b, out) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn product_int8(panel: &Panel) {
    unsafe { product::product::<Int8Dot, Vector>(panel, tile_int8) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn tile_int8(height: usize, a: Left, steps: usize, b: *const u32, out: *mut u32) {
    unsafe { product::tile_of::<Int8Dot>(height, a, steps, b, out) }
}

#[target_feature(enable = "avx2,fma")]
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

#[target_feature(enable = "avx2,fma")]
unsafe fn attend(of: &Attention) {
    unsafe { attention::attention::<F32Dot, Vector>(of) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn to_bf16(from: *const f32, n: usize, to: *mut u16) {
    unsafe { rows::to_bf16::<Vector>(from, n, to) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn quantize(from: *const f32, n: usize, to: *mut u8) -> (f32, f32) {
    unsafe { rows::quantize::<Vector>(from, n, to) }
}
