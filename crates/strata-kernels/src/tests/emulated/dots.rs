//! The steps of dot products, one per dtype.

use std::array;

use super::vector::Vector;
use crate::simd::dot::{Dot, Prefetching};

/// Neither even nor a divisor of a size that is tested, unlike those of real instruction sets.
pub const TILE_ROWS: usize = 5;

/// One f32 per word.
pub struct F32Dot<const N: usize>;

impl<const N: usize> Dot for F32Dot<N> {
    type Register = Vector<N>;
    const ROUNDED: bool = false;
    const TILE_ROWS: usize = TILE_ROWS;
    const PREFETCHING: Prefetching = Prefetching::Thorough;

    #[inline(always)]
    unsafe fn step(sum: Vector<N>, a: Vector<N>, b: Vector<N>) -> Vector<N> {
        Vector(array::from_fn(|lane| a.0[lane].mul_add(b.0[lane], sum.0[lane])))
    }
}

/// Two bf16 per word, the lower one first.
pub struct Bf16Dot<const N: usize>;

impl<const N: usize> Dot for Bf16Dot<N> {
    type Register = Vector<N>;
    const ROUNDED: bool = true;
    const TILE_ROWS: usize = TILE_ROWS;

    #[inline(always)]
    unsafe fn step(sum: Vector<N>, a: Vector<N>, b: Vector<N>) -> Vector<N> {
        Vector(array::from_fn(|lane| {
            let (a, b) = (a.0[lane].to_bits(), b.0[lane].to_bits());
            let low = f32::from_bits(a << 16).mul_add(f32::from_bits(b << 16), sum.0[lane]);
            f32::from_bits(a & 0xffff_0000).mul_add(f32::from_bits(b & 0xffff_0000), low)
        }))
    }
}

/// Four bytes per word, unsigned times signed, with sums in i32.
pub struct Int8Dot<const N: usize>;

impl<const N: usize> Dot for Int8Dot<N> {
    type Register = Vector<N>;
    const ROUNDED: bool = true;
    const TILE_ROWS: usize = TILE_ROWS;

    #[inline(always)]
    unsafe fn step(sum: Vector<N>, a: Vector<N>, b: Vector<N>) -> Vector<N> {
        Vector(array::from_fn(|lane| {
            let (a, b) = (a.0[lane].to_bits().to_le_bytes(), b.0[lane].to_bits().to_le_bytes());
            let product = |(a, b): (u8, u8)| i32::from(a) * i32::from(b.cast_signed());
            let products: i32 = a.into_iter().zip(b).map(product).sum();
            let sum = sum.0[lane].to_bits().cast_signed();
            f32::from_bits((sum + products).cast_unsigned())
        }))
    }
}
