//! The register type of AVX2: 8 numbers.

use std::arch::x86_64::*;

use crate::simd::lanes::{Lanes, StridedRows, ToBf16, methods};

/// 8 numbers.
#[derive(Clone, Copy)]
pub struct Vector(pub __m256);

impl Lanes for Vector {
    const N: usize = 8;

    methods! {
        fn prefetch(at: *const f32) = _mm_prefetch::<_MM_HINT_T0>(at.cast());
        fn splat(x: f32) -> Self = Self(_mm256_set1_ps(x));
        fn load(from: *const f32) -> Self = Self(_mm256_loadu_ps(from));
        fn gather(from: *const f32, places: *const u32, step: usize) -> Self = {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let steps = _mm256_mullo_epi32(lanes, _mm256_set1_epi32(step as i32));
            let places = _mm256_add_epi32(_mm256_loadu_si256(places.cast()), steps);
            Self(_mm256_i32gather_ps::<4>(from, places))
        };
        fn store(self, to: *mut f32) = _mm256_storeu_ps(to, self.0);
        fn i32_to_f32(self) -> Self = Self(_mm256_cvtepi32_ps(_mm256_castps_si256(self.0)));
        fn store_u8(self, to: *mut u8) = {
            let words = _mm256_cvtps_epi32(self.0);
            let halves = _mm_packus_epi32(
                _mm256_castsi256_si128(words),
                _mm256_extracti128_si256::<1>(words),
            );
            _mm_storel_epi64(to.cast(), _mm_packus_epi16(halves, halves));
        };
        fn add(self, other: Self) -> Self = Self(_mm256_add_ps(self.0, other.0));
        fn sub(self, other: Self) -> Self = Self(_mm256_sub_ps(self.0, other.0));
        fn mul(self, other: Self) -> Self = Self(_mm256_mul_ps(self.0, other.0));
        fn div(self, other: Self) -> Self = Self(_mm256_div_ps(self.0, other.0));
        fn mul_add(self, factor: Self, term: Self) -> Self = Self(_mm256_fmadd_ps(self.0, factor.0, term.0));
        fn max(self, other: Self) -> Self = Self(_mm256_max_ps(self.0, other.0));
        fn min(self, other: Self) -> Self = Self(_mm256_min_ps(self.0, other.0));
        fn round(self) -> Self = Self(_mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0));
        fn scale(self, exponent: Self) -> Self = {
            let biased = _mm256_add_epi32(_mm256_cvtps_epi32(exponent.0), _mm256_set1_epi32(127));
            let power = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased));
            Self(_mm256_mul_ps(self.0, power))
        };
        fn sum(self) -> f32 = {
            let four =
                _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        };
        fn max_lane(self) -> f32 = {
            let four =
                _mm_max_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let two = _mm_max_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)))
        };
        fn min_lane(self) -> f32 = {
            let four =
                _mm_min_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let two = _mm_min_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_min_ss(two, _mm_movehdup_ps(two)))
        };
        fn transpose(from: StridedRows<*const f32>, to: StridedRows<*mut f32>) = {
            let mut r = [_mm256_setzero_ps(); 8];
            for (i, row) in r.iter_mut().enumerate() {
                *row = _mm256_loadu_ps(from.first.add(i.min(from.count - 1) * from.stride));
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
                s[i] = _mm256_permute2f128_ps::<0x20>(r[i], r[i + 4]);
                s[i + 4] = _mm256_permute2f128_ps::<0x31>(r[i], r[i + 4]);
            }
            for (j, column) in s.into_iter().enumerate().take(to.count) {
                _mm256_storeu_ps(to.first.add(j * to.stride), column);
            }
        };
    }
}

impl ToBf16 for Vector {
    methods! {
        fn store_bf16(self, to: *mut u16) = {
            let bits = _mm256_castps_si256(self.0);
            let odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
            let half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
            let rounded = _mm256_srli_epi32::<16>(_mm256_add_epi32(bits, half));
            let nan = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0));
            let rounded = _mm256_blendv_epi8(rounded, _mm256_set1_epi32(0x7fc0), nan);
            let low = _mm256_castsi256_si128(rounded);
            let high = _mm256_extracti128_si256::<1>(rounded);
            _mm_storeu_si128(to.cast(), _mm_packus_epi32(low, high));
        };
    }
}
