//! The arithmetic of the tile instructions `tdpbf16ps` and `tdpbusd`, one instruction at a time, as
//! Intel's Software Developer's Manual has it.
//!
//! Of bf16, in one instruction and for one sum: the products of the lower halves of 16 words are a
//! chain of FMAs from 0, those of the upper halves another one, and the sum of both is added to the
//! sum so far. Each operation rounds to the nearest, ties to even, whatever MXCSR says. Subnormal
//! operands count as 0 of their sign. A result that is still subnormal after it was rounded to 24
//! bits, as if there were no smallest exponent, becomes 0 of its sign.

use crate::simd::matrix::TILE;

/// A tile: rows of words.
pub type Words = [[u32; TILE]; TILE];

/// Half a unit in the last place below the smallest normal number: what is below stays subnormal if
/// it is rounded to 24 bits.
const TINY: f64 = f32::MIN_POSITIVE as f64 * (1.0 - 0.25 * f32::EPSILON as f64);

/// The nearest f32, or 0.
///
/// `exact` may have been rounded to 53 bits before. That doesn't change the result if it was the
/// sum of two numbers of at most 24 bits, since 53 is more than twice as many (Figueroa, 1995).
#[inline]
fn rounded(exact: f64) -> f64 {
    let x = if exact.abs() < TINY { 0.0_f64.copysign(exact) } else { exact };
    f64::from(x as f32)
}

/// The number, or 0 if it is subnormal.
#[inline]
fn flushed(x: f32) -> f64 {
    f64::from(if x.abs() < f32::MIN_POSITIVE { 0.0_f32.copysign(x) } else { x })
}

/// The numbers in the lower and the upper halves of a row of words.
fn halves(words: [u32; TILE]) -> [[f64; TILE]; 2] {
    [words.map(|word| word << 16), words.map(|word| word & 0xffff_0000)]
        .map(|half| half.map(|bits| flushed(f32::from_bits(bits))))
}

/// `tdpbf16ps`: adds the products of 32 numbers of bf16 to each sum.
pub fn add_bf16(sums: &mut Words, a: &Words, b: &Words) {
    let (a, b) = (a.map(halves), b.map(halves));
    for (sums, a) in sums.iter_mut().zip(&a) {
        let mut chains = [[0.0; TILE]; 2];
        for (half, chain) in chains.iter_mut().enumerate() {
            for (left, b) in a[half].iter().zip(&b) {
                for (sum, right) in chain.iter_mut().zip(&b[half]) {
                    // The product is exact: it has 16 bits.
                    *sum = rounded(left * right + *sum);
                }
            }
        }
        for (column, sum) in sums.iter_mut().enumerate() {
            let products = rounded(chains[0][column] + chains[1][column]);
            *sum = (rounded(flushed(f32::from_bits(*sum)) + products) as f32).to_bits();
        }
    }
}

/// `tdpbusd`: adds the products of 64 bytes, unsigned times signed, to each sum, modulo 2^32.
pub fn add_int8(sums: &mut Words, a: &Words, b: &Words) {
    for (sums, a) in sums.iter_mut().zip(a) {
        for (left, b) in a.iter().zip(b) {
            for (sum, right) in sums.iter_mut().zip(b) {
                let pairs = left.to_le_bytes().into_iter().zip(right.to_le_bytes());
                let products: i32 =
                    pairs.map(|(a, b)| i32::from(a) * i32::from(b.cast_signed())).sum();
                *sum = sum.wrapping_add_signed(products);
            }
        }
    }
}

/// The sum of one number after one instruction: `products` are those of the lower halves and of the
/// upper halves, each as the two factors, which have to be bf16.
fn sum_of(before: f32, products: [&[(f32, f32)]; 2]) -> f32 {
    let (mut a, mut b) = ([[0; TILE]; TILE], [[0; TILE]; TILE]);
    for (half, products) in products.into_iter().enumerate() {
        for (step, (left, right)) in products.iter().enumerate() {
            assert_eq!((left.to_bits() | right.to_bits()) & 0xffff, 0, "bf16");
            a[0][step] |= left.to_bits() >> 16 << (16 * half);
            b[step][0] |= right.to_bits() >> 16 << (16 * half);
        }
    }
    let mut sums = [[before.to_bits(); TILE]; TILE];
    add_bf16(&mut sums, &a, &b);
    f32::from_bits(sums[0][0])
}

/// `2^exponent`, also if that is subnormal.
fn power(exponent: i32) -> f32 {
    (f64::from(exponent)).exp2() as f32
}

#[test]
fn halves_are_two_chains_whose_sum_is_added_last() {
    let (one, small) = ((1.0, 1.0), (power(-12), power(-12)));
    // In one chain both small products are lost, each on its own.
    assert_eq!(sum_of(0.0, [&[one, small, small], &[]]), 1.0);
    // Before the large one they add up, and the other chain does not round them either.
    assert_eq!(sum_of(0.0, [&[small, small, one], &[]]), 1.0 + power(-23));
    assert_eq!(sum_of(0.0, [&[one], &[small, small]]), 1.0 + power(-23));
    // The sum so far is no part of a chain.
    assert_eq!(sum_of(1.0, [&[small], &[small]]), 1.0 + power(-23));
    assert_eq!(sum_of(1.0, [&[small], &[]]), 1.0);
}

#[test]
fn a_product_and_its_sum_are_rounded_once() {
    // As an f32 the product 2^128 would be infinite.
    let (huge, minus) = ((power(64), power(64)), (-power(63), power(64)));
    assert_eq!(sum_of(0.0, [&[minus, huge], &[]]), power(127));
    assert_eq!(sum_of(0.0, [&[huge, minus], &[]]), f32::INFINITY);
    // As an f32 the products 2^-149 and 2^-150 would be subnormal. The second one is half a unit in
    // the last place.
    let normal = (power(-63), power(-63));
    let (unit, half) = ((power(-75), power(-74)), (power(-75), power(-75)));
    assert_eq!(sum_of(0.0, [&[normal, unit], &[]]), power(-126) + power(-149));
    assert_eq!(sum_of(0.0, [&[normal, half], &[]]), power(-126));
    assert_eq!(sum_of(0.0, [&[normal, unit, half], &[]]), power(-126) + power(-148));
}

#[test]
fn only_results_that_stay_subnormal_after_rounding_become_0() {
    let normal = (power(-63), power(-63));
    let less = |factor: f32, exponent: i32| {
        sum_of(0.0, [&[normal, (-factor * power(-75), power(exponent + 75))], &[]])
    };
    assert_eq!(less(1.0, -160), power(-126));
    assert_eq!(less(1.0, -151), power(-126));
    assert_eq!(less(1.5, -151), 0.0);
    assert_eq!(less(1.0, -150), 0.0);
    assert_eq!(less(1.0, -127).to_bits(), 0);
    // The sign stays. Two zeros have a negative sum only if both are negative.
    let tiny = [(-power(-63), power(-64)); TILE];
    assert_eq!(sum_of(-0.0, [&tiny, &tiny]).to_bits(), (-0.0_f32).to_bits());
    assert_eq!(sum_of(-0.0, [&tiny, &tiny[1..]]).to_bits(), 0);
    assert_eq!(sum_of(0.0, [&tiny, &tiny]).to_bits(), 0);
}

#[test]
fn subnormal_operands_are_0() {
    assert_eq!(sum_of(0.0, [&[(power(-127), power(100))], &[]]), 0.0);
    assert_eq!(sum_of(0.0, [&[(power(100), power(-133))], &[]]), 0.0);
    assert_eq!(sum_of(power(-127), [&[(power(-63), power(-63))], &[]]), power(-126));
    assert!(sum_of(0.0, [&[(power(-127), f32::INFINITY)], &[]]).is_nan());
}

#[test]
fn int8_sums_wrap() {
    let (a, b) = ([[u32::MAX; TILE]; TILE], [[0x7f7f_7f7f; TILE]; TILE]);
    let mut sums = [[i32::MAX.cast_unsigned(); TILE]; TILE];
    add_int8(&mut sums, &a, &b);
    let expected = i32::MAX.wrapping_add(64 * 255 * 127);
    assert_eq!(sums, [[expected.cast_unsigned(); TILE]; TILE]);
    add_int8(&mut sums, &a, &[[0x8080_8080; TILE]; TILE]);
    let expected = expected.wrapping_sub(64 * 255 * 128);
    assert_eq!(sums, [[expected.cast_unsigned(); TILE]; TILE]);
}
