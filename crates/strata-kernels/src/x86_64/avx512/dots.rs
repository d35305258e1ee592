//! The steps of dot products with AVX-512, one per dtype.

use std::arch::x86_64::*;

use super::vector::Vector;
use crate::simd::dot::Dot;
use crate::simd::lanes::methods;

/// f32 with FMA.
pub struct F32Dot;

impl Dot for F32Dot {
    type Register = Vector;
    const ROUNDED: bool = false;
    const TILE_ROWS: usize = 12;

    methods! {
        fn step(sum: Vector, a: Vector, b: Vector) -> Vector = Vector(_mm512_fmadd_ps(a.0, b.0, sum.0));
    }
}

/// Two bf16 at a time, sums in f32.
pub struct Bf16Dot;

impl Dot for Bf16Dot {
    type Register = Vector;
    const ROUNDED: bool = true;
    const TILE_ROWS: usize = 12;

    methods! {
        fn step(sum: Vector, a: Vector, b: Vector) -> Vector = {
            // SAFETY: both types are 512 bits, and any bits are valid.
            let (a, b) = (
                std::mem::transmute::<__m512, __m512bh>(a.0),
                std::mem::transmute::<__m512, __m512bh>(b.0),
            );
            Vector(_mm512_dpbf16_ps(sum.0, a, b))
        };
    }
}

/// Four bytes at a time, unsigned times signed, sums in i32, exact.
pub struct Int8Dot;

impl Dot for Int8Dot {
    type Register = Vector;
    const ROUNDED: bool = true;
    const TILE_ROWS: usize = 12;

    methods! {
        fn step(sum: Vector, a: Vector, b: Vector) -> Vector = {
            let sum = _mm512_castps_si512(sum.0);
            let (a, b) = (_mm512_castps_si512(a.0), _mm512_castps_si512(b.0));
            Vector(_mm512_castsi512_ps(_mm512_dpbusd_epi32(sum, a, b)))
        };
    }
}
