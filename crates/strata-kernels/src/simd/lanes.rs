//! A vector register of `f32`, and what the algorithms over it need: one algorithm, a type an
//! instruction set.
//!
//! Every method is inlined into a function that has the instruction set's features; called from
//! anywhere else it may not be, so all are `unsafe`.

/// One side of a transposition: so many rows, `stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Rows<P> {
    pub first: P,
    pub stride: usize,
    pub count: usize,
}

/// `N` numbers in a register.
///
/// # Safety
/// Of every method: the CPU has the features of the implementing type's module. Of those that take
/// a pointer: it is valid for `N` numbers, or for as many as the method says; no alignment is needed.
pub(crate) trait Lanes: Copy {
    const N: usize;

    /// Asks for the line that a number is in; it need not be anyone's.
    unsafe fn prefetch(at: *const f32);
    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// The 32-bit integers of these bits, each rounded to the nearest `f32`.
    unsafe fn i32_to_f32(self) -> Self;
    /// Each to the nearest integer, ties to even, and to 255 if that is more: `N` bytes. None is less
    /// than -½.
    unsafe fn store_u8(self, to: *mut u8);

    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// `self · factor + term`, rounded once.
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    unsafe fn min(self, other: Self) -> Self;
    /// To the nearest integer, ties to even.
    unsafe fn round(self) -> Self;
    /// `self · 2^exponent`, for integers from -126 to 127.
    unsafe fn scale(self, exponent: Self) -> Self;

    unsafe fn sum(self) -> f32;
    unsafe fn largest(self) -> f32;
    unsafe fn least(self) -> f32;

    /// Rows of `N` numbers become columns: number `j` of row `i` goes to place `i` of row `j`. Neither
    /// side has more than `N` rows, nor none; beyond the columns that come of rows, `to` has anything.
    unsafe fn transpose(from: Rows<*const f32>, to: Rows<*mut f32>);
}

/// Registers that can be rounded to bf16: each number to the nearest, ties to even. NaN stays NaN; a
/// number that is subnormal may become 0.
///
/// # Safety
/// As [`Lanes`].
pub(crate) trait ToBf16: Lanes {
    /// `N` of them.
    unsafe fn store_bf16(self, to: *mut u16);
}

/// Registers that two rows of numbers can share as words of bf16.
///
/// # Safety
/// As [`Lanes`].
pub(crate) trait Bf16Words: ToBf16 {
    /// In each word a number of `self`, rounded, in the lower half, and its neighbour of `next` in the
    /// upper.
    unsafe fn bf16_words(self, next: Self) -> Self;
}

/// Methods of a register type, each of one value.
macro_rules! methods {
    ($(fn $name:ident($($argument:tt)*) $(-> $out:ty)? = $value:expr;)*) => {$(
        #[inline(always)]
        unsafe fn $name($($argument)*) $(-> $out)? {
            // SAFETY: the caller vouches for the instruction set, and that there is as much behind a
            // pointer as the trait says.
            unsafe { $value }
        }
    )*};
}
pub(crate) use methods;
