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
    const N: usize = 16;
    const HEIGHT: usize = 12;

    methods! {
        fn prefetch(at: *const u32) = _mm_prefetch::<_MM_HINT_T0>(at.cast());
        fn zero() -> Vector = Vector(_mm512_setzero_ps());
        fn load(from: *const u32) -> Vector = Vector(_mm512_loadu_ps(from.cast()));
        fn splat(from: *const u32) -> Vector = Vector(_mm512_set1_ps(from.cast::<f32>().read_unaligned()));
        fn store(register: Vector, to: *mut u32) = _mm512_storeu_ps(to.cast(), register.0);
        fn step(sum: Vector, a: Vector, b: Vector) -> Vector = Vector(_mm512_fmadd_ps(a.0, b.0, sum.0));
    }
}

/// Two bf16 at a time, sums in f32.
pub struct Bf16Dot;

impl Dot for Bf16Dot {
    type Register = __m512i;
    const ROUNDED: bool = true;
    const N: usize = 16;
    const HEIGHT: usize = 12;

    methods! {
        fn prefetch(at: *const u32) = _mm_prefetch::<_MM_HINT_T0>(at.cast());
        fn zero() -> __m512i = _mm512_setzero_si512();
        fn load(from: *const u32) -> __m512i = _mm512_loadu_si512(from.cast());
        fn splat(from: *const u32) -> __m512i = _mm512_set1_epi32(from.read_unaligned().cast_signed());
        fn store(register: __m512i, to: *mut u32) = _mm512_storeu_si512(to.cast(), register);
        fn step(sum: __m512i, a: __m512i, b: __m512i) -> __m512i = {
            // SAFETY: the three types are 512 bits that may hold anything.
            let (a, b) = (
                std::mem::transmute::<__m512i, __m512bh>(a),
                std::mem::transmute::<__m512i, __m512bh>(b),
            );
            _mm512_castps_si512(_mm512_dpbf16_ps(_mm512_castsi512_ps(sum), a, b))
        };
    }
}

/// Four bytes at a time, unsigned times signed, sums in i32, exact.
pub struct Int8Dot;

impl Dot for Int8Dot {
    type Register = __m512i;
    const ROUNDED: bool = true;
    const N: usize = 16;
    const HEIGHT: usize = 12;

    methods! {
        fn prefetch(at: *const u32) = _mm_prefetch::<_MM_HINT_T0>(at.cast());
        fn zero() -> __m512i = _mm512_setzero_si512();
        fn load(from: *const u32) -> __m512i = _mm512_loadu_si512(from.cast());
        fn splat(from: *const u32) -> __m512i = _mm512_set1_epi32(from.read_unaligned().cast_signed());
        fn store(register: __m512i, to: *mut u32) = _mm512_storeu_si512(to.cast(), register);
        fn step(sum: __m512i, a: __m512i, b: __m512i) -> __m512i = _mm512_dpbusd_epi32(sum, a, b);
    }
}
