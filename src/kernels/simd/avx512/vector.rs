//! A register of numbers.

use std::arch::x86_64::*;

use super::super::lanes::{Lanes, methods};

/// A register of numbers.
#[derive(Clone, Copy)]
pub struct Vector(pub __m512);

impl Lanes for Vector {
    const N: usize = 16;

    methods! {
        fn splat(x: f32) -> Self = Self(_mm512_set1_ps(x));
        fn load(from: *const f32) -> Self = Self(_mm512_loadu_ps(from));
        fn store(self, to: *mut f32) = _mm512_storeu_ps(to, self.0);
        fn load_i32(from: *const u32) -> Self = Self(_mm512_cvtepi32_ps(_mm512_loadu_si512(from.cast())));
        fn store_u8(self, to: *mut u8) = _mm_storeu_si128(to.cast(), _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(self.0)));
        fn store_bf16(self, to: *mut u16) = {
            let bits = _mm512_castps_si512(self.0);
            let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
            let half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
            let rounded = _mm512_srli_epi32::<16>(_mm512_add_epi32(bits, half));
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0);
            let rounded = _mm512_mask_set1_epi32(rounded, nan, 0x7fc0);
            _mm256_storeu_si256(to.cast(), _mm512_cvtepi32_epi16(rounded));
        };
        fn add(self, other: Self) -> Self = Self(_mm512_add_ps(self.0, other.0));
        fn sub(self, other: Self) -> Self = Self(_mm512_sub_ps(self.0, other.0));
        fn mul(self, other: Self) -> Self = Self(_mm512_mul_ps(self.0, other.0));
        fn div(self, other: Self) -> Self = Self(_mm512_div_ps(self.0, other.0));
        fn mul_add(self, factor: Self, term: Self) -> Self = Self(_mm512_fmadd_ps(self.0, factor.0, term.0));
        fn max(self, other: Self) -> Self = Self(_mm512_max_ps(self.0, other.0));
        fn min(self, other: Self) -> Self = Self(_mm512_min_ps(self.0, other.0));
        fn round(self) -> Self = Self(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0));
        fn power_of_two(self) -> Self = {
            let biased = _mm512_add_epi32(_mm512_cvtps_epi32(self.0), _mm512_set1_epi32(127));
            Self(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(biased)))
        };
        fn sum(self) -> f32 = _mm512_reduce_add_ps(self.0);
        fn largest(self) -> f32 = _mm512_reduce_max_ps(self.0);
        fn least(self) -> f32 = _mm512_reduce_min_ps(self.0);
        fn transpose(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) = {
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
        };
    }
}
