//! A vector register of `f32`, and what the algorithms over it need: one algorithm, a type an
//! instruction set.
//!
//! Every method is inlined into a function that has the instruction set's features; called from
//! anywhere else it may not be, so all are `unsafe`.

/// `N` numbers in a register.
///
/// # Safety
/// Of every method: the CPU has the features of the implementing type's module. Of those that take
/// a pointer: it is valid for `N` numbers, or for as many as the method says; no alignment is needed.
pub(super) trait Lanes: Copy {
    const N: usize;

    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// `N` 32-bit integers, each rounded to the nearest `f32`.
    unsafe fn load_i32(from: *const u32) -> Self;
    /// Each to the nearest integer, ties to even, and to 255 if that is more: `N` bytes. None is less
    /// than -½.
    unsafe fn store_u8(self, to: *mut u8);
    /// Each rounded to the nearest bf16, ties to even, `N` of them. NaN stays NaN.
    unsafe fn store_bf16(self, to: *mut u16);

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
    /// `2^self` for integers from -126 to 127.
    unsafe fn power_of_two(self) -> Self;

    unsafe fn sum(self) -> f32;
    unsafe fn largest(self) -> f32;
    unsafe fn least(self) -> f32;

    /// The block `from[i · stride + j]`, `i, j < N`, to `to[j · to_stride + i]`.
    unsafe fn transpose(from: *const f32, stride: usize, to: *mut f32, to_stride: usize);
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
pub(super) use methods;
