//! The register type: any number of lanes.

use std::array;

use crate::bf16::bf16;
use crate::simd::lanes::{Bf16Words, Lanes, Parts, StridedRows, ToBf16, Widen, methods};

/// `N` numbers.
#[derive(Clone, Copy)]
pub struct Vector<const N: usize>(pub [f32; N]);

impl<const N: usize> Vector<N> {
    fn map(self, function: impl Fn(f32) -> f32) -> Self {
        Self(self.0.map(function))
    }

    fn zip(self, other: Self, function: impl Fn(f32, f32) -> f32) -> Self {
        Self(array::from_fn(|lane| function(self.0[lane], other.0[lane])))
    }
}

impl<const N: usize> Lanes for Vector<N> {
    const N: usize = N;

    #[inline(always)]
    unsafe fn prefetch(_: *const f32) {}

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self([x; N])
    }

    #[inline(always)]
    unsafe fn i32_to_f32(self) -> Self {
        self.map(|x| x.to_bits().cast_signed() as f32)
    }

    #[inline(always)]
    unsafe fn gather(from: *const f32, places: *const u32, step: usize) -> Self {
        let number = |lane: usize| {
            // SAFETY: the caller guarantees the place of each lane, and the number there.
            unsafe { *from.wrapping_add(*places.add(lane) as usize + lane * step) }
        };
        Self(array::from_fn(number))
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(array::from_fn(|lane| self.0[lane].mul_add(factor.0[lane], term.0[lane])))
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    unsafe fn round(self) -> Self {
        self.map(f32::round_ties_even)
    }

    #[inline(always)]
    unsafe fn scale(self, exponent: Self) -> Self {
        let power = |exponent: f32| f32::from_bits(((exponent as i32 + 127) as u32) << 23);
        self.zip(exponent, |x, exponent| x * power(exponent))
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        self.0.iter().sum()
    }

    #[inline(always)]
    unsafe fn max_lane(self) -> f32 {
        self.0.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }

    #[inline(always)]
    unsafe fn min_lane(self) -> f32 {
        self.0.into_iter().fold(f32::INFINITY, f32::min)
    }

    methods! {
        fn load(from: *const f32) -> Self = Self(from.cast::<[f32; N]>().read_unaligned());
        fn store(self, to: *mut f32) = to.cast::<[f32; N]>().write_unaligned(self.0);
        fn store_u8(self, to: *mut u8) = {
            let bytes = self.0.map(|x| x.round_ties_even().min(255.0) as u8);
            to.cast::<[u8; N]>().write_unaligned(bytes);
        };
        fn transpose(from: StridedRows<*const f32>, to: StridedRows<*mut f32>) = {
            // Every row is read before any is written.
            let rows: [Self; N] = array::from_fn(|i| {
                Self::load(from.first.add(i.min(from.count - 1) * from.stride))
            });
            for j in 0..to.count {
                Self(rows.map(|row| row.0[j])).store(to.first.add(j * to.stride));
            }
        };
    }
}

impl<const N: usize> ToBf16 for Vector<N> {
    methods! {
        fn store_bf16(self, to: *mut u16) = {
            to.cast::<[u16; N]>().write_unaligned(self.0.map(bf16));
        };
    }
}

impl<const N: usize> Bf16Words for Vector<N> {
    #[inline(always)]
    unsafe fn bf16_words(self, next: Self) -> Self {
        self.zip(next, |low, high| {
            f32::from_bits(u32::from(bf16(low)) | u32::from(bf16(high)) << 16)
        })
    }
}

impl<const N: usize> Widen for Vector<N> {
    #[inline(always)]
    unsafe fn low_half(self) -> Self {
        self.map(|word| f32::from_bits(word.to_bits() << 16))
    }
}

impl<const N: usize> Parts for Vector<N> {
    #[inline(always)]
    unsafe fn cut(self) -> Self {
        self.map(|x| f32::from_bits(x.to_bits() & 0xffff_0000))
    }

    #[inline(always)]
    unsafe fn upper_halves(self, next: Self) -> Self {
        self.zip(next, |low, high| {
            f32::from_bits(low.to_bits() >> 16 | high.to_bits() & 0xffff_0000)
        })
    }

    #[inline(always)]
    unsafe fn rest(self) -> Self {
        // SAFETY: the operation needs no CPU features.
        let cut = unsafe { self.cut() };
        self.zip(cut, |x, cut| if x.is_infinite() { 0.0 } else { x - cut })
    }

    #[inline(always)]
    unsafe fn all_below(self, bound: f32) -> bool {
        self.0.into_iter().all(|x| x < bound)
    }
}
