//! The steps of dot products with AVX2, one per dtype.

use std::arch::x86_64::*;

use super::vector::Vector;
use crate::simd::dot::Dot;
use crate::simd::lanes::methods;

/// f32 with FMA.
pub struct F32Dot;

impl Dot for F32Dot {
    type Register = Vector;
    const ROUNDED: bool = false;
    const TILE_ROWS: usize = 6;

    methods! {
        fn step(sum: Vector, a: Vector, b: Vector) -> Vector = Vector(_mm256_fmadd_ps(a.0, b.0, sum.0));
    }
}

/// Two bf16 at a time, each widened to f32, which is exact; the lower first.
pub struct Bf16Dot;

impl Dot for Bf16Dot {
    type Register = Vector;
    const ROUNDED: bool = true;
    const TILE_ROWS: usize = 6;

    methods! {
        fn step(sum: Vector, a: Vector, b: Vector) -> Vector = {
            let upper = _mm256_set1_epi32(0xffff_0000_u32.cast_signed());
            let (a, b) = (_mm256_castps_si256(a.0), _mm256_castps_si256(b.0));
            let (a_low, b_low) = (_mm256_slli_epi32::<16>(a), _mm256_slli_epi32::<16>(b));
            let (a_high, b_high) = (_mm256_and_si256(a, upper), _mm256_and_si256(b, upper));
            let low =
                _mm256_fmadd_ps(_mm256_castsi256_ps(a_low), _mm256_castsi256_ps(b_low), sum.0);
            Vector(_mm256_fmadd_ps(_mm256_castsi256_ps(a_high), _mm256_castsi256_ps(b_high), low))
        };
    }
}

/// Four bytes at a time, each widened to 16 bits; products of pairs and their sums are exact.
pub struct Int8Dot;

impl Dot for Int8Dot {
    type Register = Vector;
    const ROUNDED: bool = true;
    const TILE_ROWS: usize = 6;

    methods! {
        fn step(sum: Vector, a: Vector, b: Vector) -> Vector = {
            let sum = _mm256_castps_si256(sum.0);
            let (a, b) = (_mm256_castps_si256(a.0), _mm256_castps_si256(b.0));
            // Unsigned on the left, signed on the right; even bytes, then odd ones.
            let a_even = _mm256_and_si256(a, _mm256_set1_epi16(0xff));
            let a_odd = _mm256_srli_epi16::<8>(a);
            let b_even = _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(b));
            let b_odd = _mm256_srai_epi16::<8>(b);
            let even = _mm256_madd_epi16(a_even, b_even);
            let odd = _mm256_madd_epi16(a_odd, b_odd);
            Vector(_mm256_castsi256_ps(_mm256_add_epi32(sum, _mm256_add_epi32(even, odd))))
        };
    }
}
