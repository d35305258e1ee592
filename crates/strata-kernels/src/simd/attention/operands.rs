//! The operands of attention's two matmuls, as a trait, and their plain form: the f32 numbers
//! themselves.

use std::marker::PhantomData;

use super::softmax::StorePowers;
use crate::arguments::{AttentionArguments, LeftWords};
use crate::simd::dot::Dot;
use crate::simd::lanes::{Lanes, StridedRows};

/// The left sides of the two matmuls: words `(key, step of d)` and `(column of d, step of keys)`.
pub struct LeftSides {
    pub keys: LeftWords,
    pub values: LeftWords,
}

/// The register of an operand type.
pub type RegisterOf<O> = <<O as Operands>::Dot as Dot>::Register;

/// The form of the operands of the two matmuls: plain or rounded.
///
/// # Safety
/// Of every method: the CPU has the features of the implementing type, and the guarantees of
/// [`AttentionArguments`] hold.
pub trait Operands: StorePowers<RegisterOf<Self>> {
    type Dot: Dot;

    /// The number of words that hold this many numbers.
    fn words(numbers: usize) -> usize;

    /// Prepares keys and values, once for all blocks of queries.
    ///
    /// # Safety
    /// As [`Operands`] says.
    unsafe fn prepare(arguments: &AttentionArguments) -> LeftSides;

    /// The queries `first..first + n` as rows of words, for one block.
    ///
    /// # Safety
    /// As [`Operands`] says; these queries exist, and `n` is at most two registers.
    unsafe fn queries(
        arguments: &AttentionArguments,
        first: usize,
        n: usize,
    ) -> StridedRows<*const f32>;
}

/// Words that are the f32 numbers themselves.
pub struct Plain<D>(PhantomData<D>);

impl<D: Dot> Operands for Plain<D> {
    type Dot = D;

    #[inline(always)]
    fn words(numbers: usize) -> usize {
        numbers
    }

    #[inline(always)]
    unsafe fn prepare(arguments: &AttentionArguments) -> LeftSides {
        let AttentionArguments { k, v, kv_stride, .. } = *arguments;
        LeftSides {
            keys: LeftWords { first: k.cast(), row_stride: kv_stride, step_stride: 1 },
            values: LeftWords { first: v.cast(), row_stride: 1, step_stride: kv_stride },
        }
    }

    #[inline(always)]
    unsafe fn queries(
        arguments: &AttentionArguments,
        first: usize,
        n: usize,
    ) -> StridedRows<*const f32> {
        let AttentionArguments { q, q_stride, .. } = *arguments;
        // SAFETY: `first` is among the queries.
        StridedRows { first: unsafe { q.add(first * q_stride) }, stride: q_stride, count: n }
    }
}

impl<D: Dot> StorePowers<D::Register> for Plain<D> {
    /// In rows of `W` registers, one for each key.
    #[inline(always)]
    unsafe fn store_pair<const W: usize>(
        powers: [D::Register; 2],
        pair: usize,
        w: usize,
        to: *mut f32,
    ) {
        for (at, power) in powers.into_iter().enumerate() {
            // SAFETY: both rows are among the first `2 · pair + 2`.
            unsafe { power.store(to.add(((2 * pair + at) * W + w) * D::Register::N)) }
        }
    }
}
