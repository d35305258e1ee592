//! The micro-kernel of every GEMM: a tile of rows times a panel of columns, whose sums stay in
//! registers from the first `k` to the last.
//!
//! A word is 32 bits of `k`: one f32, two bf16 or four bytes. A panel is two registers wide; its
//! words lie in the order in which they are read, `[step][column]`. Each output is one chain of
//! additions over `k` from first to last, so its bits do not depend on the height of the tile.

use super::dot::Dot;
use super::lanes::Lanes;
use super::tiles::by_rows;
use crate::arguments::{LeftWords, Prefetch};

/// Adds `(M, k)·(k, n)` to the sums of each row, where `n` is `W` registers.
///
/// # Safety
/// The CPU has the features of `D`; `a` is valid for `M` rows of `steps` words, `b` for `steps`
/// times `W` registers.
#[inline(always)]
pub unsafe fn multiply<D: Dot, const M: usize, const W: usize>(
    a: LeftWords,
    steps: usize,
    b: *const u32,
    sums: &mut [[D::Register; W]; M],
) {
    for step in 0..steps {
        // SAFETY: `step < steps`, and the caller guarantees that many words on either side.
        unsafe { add_step::<D, M, W>(a, step, b, sums) }
    }
}

/// One step of [`multiply`].
///
/// # Safety
/// As for [`multiply`], for step number `step`.
#[inline(always)]
unsafe fn add_step<D: Dot, const M: usize, const W: usize>(
    a: LeftWords,
    step: usize,
    b: *const u32,
    sums: &mut [[D::Register; W]; M],
) {
    // SAFETY: the caller guarantees the words of this step on either side.
    unsafe {
        let mut right = [D::Register::splat(0.0); W];
        for (w, register) in right.iter_mut().enumerate() {
            *register = D::Register::load(b.add((step * W + w) * D::Register::N).cast());
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            let left = a.first.add(row * a.row_stride + step * a.step_stride).cast::<f32>();
            let left = D::Register::splat(left.read_unaligned());
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = D::step(*sum, left, right);
            }
        }
    }
}

/// `(M, k)·(k, n)` to rows of `out`, where `n` is two registers. Prefetches the words of `prefetch`
/// at the same time.
///
/// # Safety
/// As for [`multiply`]; `out` is valid for `M` rows of two registers.
#[inline(always)]
unsafe fn micro_kernel<D: Dot, const M: usize>(
    a: LeftWords,
    steps: usize,
    b: *const u32,
    prefetch: Prefetch,
    out: *mut u32,
) {
    // SAFETY: `step < steps`; the caller guarantees the words of each step, and `out`.
    unsafe {
        let mut sums = [[D::Register::splat(0.0); 2]; M];
        for step in 0..steps {
            for w in 0..2 {
                let offset = step * prefetch.step_stride + w * D::Register::N;
                D::Register::prefetch(prefetch.first.wrapping_add(offset).cast());
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

/// Calls [`micro_kernel`] with the number of rows as a constant.
///
/// # Safety
/// As for [`micro_kernel`]; `rows` is from 1 to `D::TILE_ROWS`.
#[inline(always)]
pub unsafe fn micro_kernel_of_rows<D: Dot>(
    rows: usize,
    a: LeftWords,
    steps: usize,
    b: *const u32,
    prefetch: Prefetch,
    out: *mut u32,
) {
    // SAFETY: `M` is `rows`; the caller guarantees what `micro_kernel` requires.
    unsafe {
        by_rows!(rows, D::TILE_ROWS, M => micro_kernel::<D, M>(a, steps, b, prefetch, out));
    }
}
