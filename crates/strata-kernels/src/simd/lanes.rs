//! The operations on a vector register of `f32` that the algorithms use. An instruction set
//! implements them for its register type.

use crate::arguments::MAX_LANES;

/// One side of a transposition: `count` rows, `stride` apart.
#[derive(Clone, Copy)]
pub struct StridedRows<P> {
    pub first: P,
    pub stride: usize,
    pub count: usize,
}

/// `N` numbers in a register; `N` is at most [`MAX_LANES`](crate::arguments::MAX_LANES).
///
/// Every method must be `#[inline(always)]`, and is called only inside a function that has the
/// instruction set's features.
///
/// # Safety
/// Of every method: the CPU has the features of the implementing type's module. Of those that take
/// a pointer: it is valid for `N` numbers, or for what the method says; no alignment is needed.
pub trait Lanes: Copy {
    /// The number of lanes.
    const N: usize;

    /// Prefetches the cache line of a number. Any address is allowed.
    ///
    /// # Safety
    /// As [`Lanes`] says, but the pointer need not be valid.
    unsafe fn prefetch(at: *const f32);

    /// `x` in every lane.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn splat(x: f32) -> Self;

    /// `N` numbers.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn load(from: *const f32) -> Self;

    /// `N` numbers, that of lane `l` at `places[l] + l·step` after `from`.
    ///
    /// # Safety
    /// As [`Lanes`] says: `places` is valid for `N` numbers, and each of the `N` places for one. Their
    /// distances from `from` are below 2^31.
    unsafe fn gather(from: *const f32, places: *const u32, step: usize) -> Self;

    /// Writes `N` numbers.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn store(self, to: *mut f32);

    /// The lanes read as 32-bit integers, each converted to the nearest `f32`.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn i32_to_f32(self) -> Self;

    /// Writes `N` bytes: each lane rounded to the nearest integer, ties to even, and at most 255.
    /// For lanes of -½ or more; the byte of another lane may be any.
    ///
    /// # Safety
    /// As [`Lanes`] says; `to` is valid for `N` bytes.
    unsafe fn store_u8(self, to: *mut u8);

    /// `self + other`, lane by lane.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn add(self, other: Self) -> Self;

    /// `self − other`, lane by lane.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn sub(self, other: Self) -> Self;

    /// `self · other`, lane by lane.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn mul(self, other: Self) -> Self;

    /// `self / other`, lane by lane.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn div(self, other: Self) -> Self;

    /// `self · factor + term`, rounded once.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;

    /// The larger one; NaN if `other` is NaN.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn max(self, other: Self) -> Self;

    /// The smaller one; NaN if `other` is NaN.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn min(self, other: Self) -> Self;

    /// To the nearest integer, ties to even.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn round(self) -> Self;

    /// `self · 2^exponent`, for integers from -126 to 127.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn scale(self, exponent: Self) -> Self;

    /// The sum of all lanes.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn sum(self) -> f32;

    /// The largest lane.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn max_lane(self) -> f32;

    /// The smallest lane.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn min_lane(self) -> f32;

    /// Rows of `N` numbers become columns: number `j` of row `i` becomes number `i` of row `j`.
    /// Both sides have from 1 to `N` rows. The rows of `to` are `N` numbers long; numbers that come
    /// from no row of `from` may be any.
    ///
    /// # Safety
    /// As [`Lanes`] says: each row of either side is valid for `N` numbers.
    unsafe fn transpose(from: StridedRows<*const f32>, to: StridedRows<*mut f32>);
}

/// Registers that can be rounded to bf16: each lane to the nearest, ties to even. NaN stays NaN; a
/// subnormal number may become 0.
pub trait ToBf16: Lanes {
    /// Writes `N` numbers of 16 bits.
    ///
    /// # Safety
    /// As [`Lanes`] says; `to` is valid for `N` numbers of 16 bits.
    unsafe fn store_bf16(self, to: *mut u16);
}

/// Registers from which words of two bf16 can be made.
pub trait Bf16Words: ToBf16 {
    /// In each word: the lane of `self`, rounded, in the lower half, and that of `next` in the
    /// upper half.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn bf16_words(self, next: Self) -> Self;
}

/// Registers whose words can be read as two bf16: the upper one, widened to f32, is
/// [`cut`](Parts::cut).
pub trait Widen: Parts {
    /// The lower half of each word, widened to f32.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn low_half(self) -> Self;
}

/// Registers whose numbers can be split into parts of 8 bits of their significands.
pub trait Parts: Lanes {
    /// Each lane without the lower half of its bits: cut off to a bf16.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn cut(self) -> Self;

    /// In each word: the upper half of the lane of `self` in the lower half, and that of `next` in
    /// the upper half.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn upper_halves(self, next: Self) -> Self;

    /// Each lane minus [`cut`](Self::cut) of it, which is exact; 0 if it is infinite, and NaN if it
    /// is NaN, of which [`cut`](Self::cut) may be infinite.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn rest(self) -> Self;

    /// Whether all lanes are below `bound`; not if one is NaN.
    ///
    /// # Safety
    /// As [`Lanes`] says.
    unsafe fn all_below(self, bound: f32) -> bool;
}

/// A register with the first `min(n, N)` numbers at `from`; its other lanes are 0.
///
/// # Safety
/// The CPU has the features of `V`; `from` is valid for `n` numbers.
#[inline(always)]
pub unsafe fn load_up_to<V: Lanes>(from: *const f32, n: usize) -> V {
    // SAFETY: at most `n` numbers are read at `from`, and `N`, which is at most `MAX_LANES`, from the array.
    unsafe {
        if n >= V::N {
            return V::load(from);
        }
        let mut numbers = [0.0; MAX_LANES];
        numbers.as_mut_ptr().copy_from_nonoverlapping(from, n);
        V::load(numbers.as_ptr())
    }
}

/// Defines the methods of a trait for registers, each by one expression.
macro_rules! methods {
    ($(fn $name:ident($($argument:tt)*) $(-> $out:ty)? = $value:expr;)*) => {$(
        #[inline(always)]
        unsafe fn $name($($argument)*) $(-> $out)? {
            // SAFETY: the caller guarantees the instruction set's features, and that pointers are
            // valid as the trait says.
            unsafe { $value }
        }
    )*};
}
pub(crate) use methods;
