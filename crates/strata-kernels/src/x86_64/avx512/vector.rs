//! The register type of AVX-512: 16 numbers.

use std::arch::x86_64::*;

use crate::simd::lanes::{Bf16Words, Lanes, Parts, StridedRows, ToBf16, Widen, methods};

/// 16 numbers.
#[derive(Clone, Copy)]
pub struct Vector(pub __m512);

impl Lanes for Vector {
    const N: usize = 16;

    methods! {
        fn prefetch(at: *const f32) = _mm_prefetch::<_MM_HINT_T0>(at.cast());
        fn splat(x: f32) -> Self = Self(_mm512_set1_ps(x));
        fn load(from: *const f32) -> Self = Self(_mm512_loadu_ps(from));
        fn gather(from: *const f32, places: *const u32, step: usize) -> Self = {
            let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let steps = _mm512_mullo_epi32(lanes, _mm512_set1_epi32(step as i32));
            let places = _mm512_add_epi32(_mm512_loadu_si512(places.cast()), steps);
            Self(_mm512_i32gather_ps::<4>(places, from))
        };
        fn store(self, to: *mut f32) = _mm512_storeu_ps(to, self.0);
        fn i32_to_f32(self) -> Self = Self(_mm512_cvtepi32_ps(_mm512_castps_si512(self.0)));
        fn store_u8(self, to: *mut u8) = _mm_storeu_si128(to.cast(), _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(self.0)));
        fn add(self, other: Self) -> Self = Self(_mm512_add_ps(self.0, other.0));
        fn sub(self, other: Self) -> Self = Self(_mm512_sub_ps(self.0, other.0));
        fn mul(self, other: Self) -> Self = Self(_mm512_mul_ps(self.0, other.0));
        fn div(self, other: Self) -> Self = Self(_mm512_div_ps(self.0, other.0));
        fn mul_add(self, factor: Self, term: Self) -> Self = Self(_mm512_fmadd_ps(self.0, factor.0, term.0));
        fn max(self, other: Self) -> Self = Self(_mm512_max_ps(self.0, other.0));
        fn min(self, other: Self) -> Self = Self(_mm512_min_ps(self.0, other.0));
        fn round(self) -> Self = Self(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0));
        fn scale(self, exponent: Self) -> Self = Self(_mm512_scalef_ps(self.0, exponent.0));
        fn sum(self) -> f32 = _mm512_reduce_add_ps(self.0);
        fn max_lane(self) -> f32 = _mm512_reduce_max_ps(self.0);
        fn min_lane(self) -> f32 = _mm512_reduce_min_ps(self.0);
        fn transpose(from: StridedRows<*const f32>, to: StridedRows<*mut f32>) = {
            let mut r = [_mm512_setzero_ps(); 16];
            for (i, row) in r.iter_mut().enumerate() {
                *row = _mm512_loadu_ps(from.first.add(i.min(from.count - 1) * from.stride));
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
            for (j, column) in r.into_iter().enumerate().take(to.count) {
                _mm512_storeu_ps(to.first.add(j * to.stride), column);
            }
        };
    }
}

/// With AVX-512 BF16, which treats subnormal numbers as 0.
impl ToBf16 for Vector {
    methods! {
        fn store_bf16(self, to: *mut u16) = {
            // SAFETY: both types are 256 bits, and any bits are valid.
            let halves = std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(self.0));
            _mm256_storeu_si256(to.cast(), halves);
        };
    }
}

impl Bf16Words for Vector {
    methods! {
        fn bf16_words(self, next: Self) -> Self = {
            // SAFETY: both types are 512 bits, and any bits are valid.
            let halves =
                std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(next.0, self.0));
            let order = _mm512_loadu_si512(ALTERNATE.as_ptr().cast());
            Self(_mm512_castsi512_ps(_mm512_permutexvar_epi16(order, halves)))
        };
    }
}

impl Widen for Vector {
    methods! {
        fn low_half(self) -> Self = {
            Self(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_castps_si512(self.0))))
        };
    }
}

impl Parts for Vector {
    methods! {
        fn cut(self) -> Self = {
            let bits = _mm512_castps_si512(self.0);
            Self(_mm512_castsi512_ps(_mm512_and_si512(bits, _mm512_set1_epi32(UPPER_HALF))))
        };
        fn upper_halves(self, next: Self) -> Self = {
            let low = _mm512_srli_epi32::<16>(_mm512_castps_si512(self.0));
            let next = _mm512_castps_si512(next.0);
            // low | next & mask
            let mask = _mm512_set1_epi32(UPPER_HALF);
            Self(_mm512_castsi512_ps(_mm512_ternarylogic_epi32::<0xf8>(low, next, mask)))
        };
        fn rest(self) -> Self = {
            let others = !_mm512_fpclass_ps_mask::<INFINITE>(self.0);
            Self(_mm512_maskz_sub_ps(others, self.0, self.cut().0))
        };
        fn all_below(self, bound: f32) -> bool = {
            _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(self.0, _mm512_set1_ps(bound)) == 0
        };
    }
}

/// The classes of both infinities.
const INFINITE: i32 = 0x08 | 0x10;

/// The bits of the upper half of a word.
const UPPER_HALF: i32 = -0x1_0000;

/// The order of the halves of words: alternately one of the first 16 and one of the last 16.
const ALTERNATE: [u16; 32] = {
    let mut order = [0; 32];
    let mut at = 0;
    while at < 32 {
        order[at] = (at / 2 + at % 2 * 16) as u16;
        at += 1;
    }
    order
};
