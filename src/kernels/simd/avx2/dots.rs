//! The products' own steps.

use std::arch::x86_64::*;

use super::super::lanes::methods;
use super::super::tile::Dot;
use super::vector::Vector;

/// f32 by FMA.
pub struct F32Dot;

impl Dot for F32Dot {
    type Register = Vector;
    const ROUNDED: bool = false;
    const N: usize = 8;
    const HEIGHT: usize = 6;

    methods! {
        fn prefetch(at: *const u32) = _mm_prefetch::<_MM_HINT_T0>(at.cast());
        fn zero() -> Vector = Vector(_mm256_setzero_ps());
        fn load(from: *const u32) -> Vector = Vector(_mm256_loadu_ps(from.cast()));
        fn splat(from: *const u32) -> Vector = Vector(_mm256_set1_ps(from.cast::<f32>().read_unaligned()));
        fn store(register: Vector, to: *mut u32) = _mm256_storeu_ps(to.cast(), register.0);
        fn step(sum: Vector, a: Vector, b: Vector) -> Vector = Vector(_mm256_fmadd_ps(a.0, b.0, sum.0));
    }
}

/// Two bf16 at a time, each widened to f32, which is exact; the lower first.
pub struct Bf16Dot;

impl Dot for Bf16Dot {
    type Register = __m256i;
    const ROUNDED: bool = true;
    const N: usize = 8;
    const HEIGHT: usize = 6;

    methods! {
        fn prefetch(at: *const u32) = _mm_prefetch::<_MM_HINT_T0>(at.cast());
        fn zero() -> __m256i = _mm256_setzero_si256();
        fn load(from: *const u32) -> __m256i = _mm256_loadu_si256(from.cast());
        fn splat(from: *const u32) -> __m256i = _mm256_set1_epi32(from.read_unaligned().cast_signed());
        fn store(register: __m256i, to: *mut u32) = _mm256_storeu_si256(to.cast(), register);
        fn step(sum: __m256i, a: __m256i, b: __m256i) -> __m256i = {
            let upper = _mm256_set1_epi32(0xffff_0000_u32.cast_signed());
            let (a_low, b_low) = (_mm256_slli_epi32::<16>(a), _mm256_slli_epi32::<16>(b));
            let (a_high, b_high) = (_mm256_and_si256(a, upper), _mm256_and_si256(b, upper));
            let sum = _mm256_castsi256_ps(sum);
            let sum = _mm256_fmadd_ps(_mm256_castsi256_ps(a_low), _mm256_castsi256_ps(b_low), sum);
            let sum =
                _mm256_fmadd_ps(_mm256_castsi256_ps(a_high), _mm256_castsi256_ps(b_high), sum);
            _mm256_castps_si256(sum)
        };
    }
}

/// Four bytes at a time, each widened to 16 bits; products of pairs and their sums are exact.
pub struct Int8Dot;

impl Dot for Int8Dot {
    type Register = __m256i;
    const ROUNDED: bool = true;
    const N: usize = 8;
    const HEIGHT: usize = 6;

    methods! {
        fn prefetch(at: *const u32) = _mm_prefetch::<_MM_HINT_T0>(at.cast());
        fn zero() -> __m256i = _mm256_setzero_si256();
        fn load(from: *const u32) -> __m256i = _mm256_loadu_si256(from.cast());
        fn splat(from: *const u32) -> __m256i = _mm256_set1_epi32(from.read_unaligned().cast_signed());
        fn store(register: __m256i, to: *mut u32) = _mm256_storeu_si256(to.cast(), register);
        fn step(sum: __m256i, a: __m256i, b: __m256i) -> __m256i = {
            // Unsigned on the left, signed on the right; even bytes, then odd ones.
            let a_even = _mm256_and_si256(a, _mm256_set1_epi16(0xff));
            let a_odd = _mm256_srli_epi16::<8>(a);
            let b_even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(b));
            let b_odd = _mm256_srai_epi16::<8>(b);
            let even = _mm256_madd_epi16(a_even, b_even);
            let odd = _mm256_madd_epi16(a_odd, b_odd);
            _mm256_add_epi32(sum, _mm256_add_epi32(even, odd))
        };
    }
}
