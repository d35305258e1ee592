//! The heart of every product: a tile of rows times a panel of columns, kept in registers from the
//! first `k` to the last.
//!
//! A word is 32 bits of `k`: one `f32`, two bf16 or four bytes. A panel is two registers wide; its
//! words lie in the order in which they are read, `[step][column]`. Each output is one chain of
//! additions over `k` from first to last, whatever the height of the tile: the same bits in any.

use super::super::table::{Ahead, Left};
use super::lanes::Lanes;

/// One step of an instruction set's product: accumulators of 32 bits over words of `k`, both in
/// registers that may hold any bits.
///
/// # Safety
/// Of `step`: the CPU has the features of the implementing type's module.
pub(crate) trait Dot {
    /// A register of words or accumulators.
    type Register: Lanes;
    /// Whether the numbers are rounded to fewer bits than f32 has.
    const ROUNDED: bool;
    /// Rows of the highest tile that the registers hold.
    const HEIGHT: usize;

    /// `sum + a·b`, word by word.
    unsafe fn step(sum: Self::Register, a: Self::Register, b: Self::Register) -> Self::Register;
}

/// `(M, K)·(K, N)`, `N` being `W` registers: adds to those of each row in `sums`.
///
/// # Safety
/// `a` is valid for `M` rows of `steps` words, `b` for `steps` times `W` registers.
#[inline(always)]
pub(crate) unsafe fn multiply<D: Dot, const M: usize, const W: usize>(
    a: Left,
    steps: usize,
    b: *const u32,
    sums: &mut [[D::Register; W]; M],
) {
    for step in 0..steps {
        // SAFETY: `step < steps`, and the caller vouches for that many words on either side.
        unsafe { add_step::<D, M, W>(a, step, b, sums) }
    }
}

#[inline(always)]
unsafe fn add_step<D: Dot, const M: usize, const W: usize>(
    a: Left,
    step: usize,
    b: *const u32,
    sums: &mut [[D::Register; W]; M],
) {
    // SAFETY: as the caller vouches.
    unsafe {
        let mut right = [D::Register::splat(0.0); W];
        for (w, register) in right.iter_mut().enumerate() {
            *register = D::Register::load(b.add((step * W + w) * D::Register::N).cast());
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            let left = a.at.add(row * a.rows + step * a.steps).cast::<f32>();
            let left = D::Register::splat(left.read_unaligned());
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = D::step(*sum, left, right);
            }
        }
    }
}

/// [`multiply`] from nothing, two registers wide, to rows of `out`; asks for the words that `ahead`
/// names meanwhile.
///
/// # Safety
/// As [`multiply`]; `out` is valid for `M` rows of two registers.
#[inline(always)]
pub(crate) unsafe fn tile<D: Dot, const M: usize>(
    a: Left,
    steps: usize,
    b: *const u32,
    ahead: Ahead,
    out: *mut u32,
) {
    // SAFETY: as the caller vouches.
    unsafe {
        let mut sums = [[D::Register::splat(0.0); 2]; M];
        for step in 0..steps {
            for w in 0..2 {
                let at = ahead.at.wrapping_add(step * ahead.stride + w * D::Register::N);
                D::Register::prefetch(at.cast());
            }
            add_step::<D, M, 2>(a, step, b, &mut sums);
        }
        for (row, sums) in sums.into_iter().enumerate() {
            for (w, sum) in sums.into_iter().enumerate() {
                sum.store(out.add((row * 2 + w) * D::Register::N).cast());
            }
        }
    }
}

/// Evaluates an expression in which `$m` is a constant, the height that a variable holds, from 1 to
/// `$most`, which is 12 or less.
macro_rules! by_height {
    ($height:expr, $most:expr, $m:ident => $call:expr) => {
        by_height!($height, $most, $m => $call, [1 2 3 4 5 6 7 8 9 10 11 12])
    };
    ($height:expr, $most:expr, $m:ident => $call:expr, [$first:literal $($next:literal)*]) => {
        // A chain of constant conditions, so that heights beyond `$most` make no code.
        if $first <= $most && $height == $first {
            const $m: usize = $first;
            $call
        } else {
            by_height!($height, $most, $m => $call, [$($next)*])
        }
    };
    ($height:expr, $most:expr, $m:ident => $call:expr, []) => {
        debug_assert!(false, "a tile of {} rows", $height)
    };
}
pub(crate) use by_height;

/// How many tiles `rows` are cut into, none higher than `height`; their heights differ by one at
/// most, so that no last tile has to run with a few rows alone.
#[inline(always)]
pub(crate) fn heights(rows: usize, height: usize) -> impl Iterator<Item = (usize, usize)> {
    let tiles = rows.div_ceil(height);
    (0..tiles).map(move |tile| {
        let start = tile * rows / tiles;
        (start, (tile + 1) * rows / tiles - start)
    })
}
