//! The operands of attention's two matmuls rounded to bf16, two to a word.

use std::marker::PhantomData;

use super::operands::{LeftSides, Operands};
use super::softmax::StorePowers;
use crate::arguments::{AttentionArguments, LeftWords, QUERIES, attention_scratch};
use crate::simd::dot::Dot;
use crate::simd::lanes::{Bf16Words, Lanes, StridedRows, ToBf16, load_up_to};

/// Words of two bf16: for queries and keys, of two neighbouring columns of `d`; for values and
/// powers, of two neighbouring keys. If there is no second one, it is 0.
///
/// The scratch that every attention needs is followed by the queries of a block, all keys and all
/// values, in rows of whole registers.
pub struct Rounded<D>(PhantomData<D>);

impl<D: Dot<Register: Bf16Words>> Rounded<D> {
    /// Words per row of keys or queries.
    #[inline(always)]
    fn stride(arguments: &AttentionArguments) -> usize {
        arguments.d.next_multiple_of(D::Register::N) / 2
    }

    /// Rounds the rows of `from`. The rows at `to` are [`stride`](Self::stride) words apart.
    ///
    /// # Safety
    /// The CPU has the features of `D`; `from` is valid for its rows of `d` numbers, `to` for as
    /// many rows of whole registers.
    #[inline(always)]
    unsafe fn round(arguments: &AttentionArguments, from: StridedRows<*const f32>, to: *mut f32) {
        for row in 0..from.count {
            for j in (0..arguments.d).step_by(D::Register::N) {
                // SAFETY: `row` is one of the rows, the columns that are read are below `d`, and
                // `to` has rows of whole registers.
                unsafe {
                    let numbers: D::Register =
                        load_up_to(from.first.add(row * from.stride + j), arguments.d - j);
                    numbers.store_bf16(to.add(row * Self::stride(arguments) + j / 2).cast());
                }
            }
        }
    }
}

impl<D: Dot<Register: Bf16Words>> Operands for Rounded<D> {
    type Dot = D;

    #[inline(always)]
    fn words(numbers: usize) -> usize {
        numbers.div_ceil(2)
    }

    #[inline(always)]
    unsafe fn prepare(arguments: &AttentionArguments) -> LeftSides {
        let AttentionArguments { k, v, kv_stride, t, d, scratch, .. } = *arguments;
        let stride = Self::stride(arguments);
        // SAFETY: the rows of keys and values are those below `t`, and scratch is long enough.
        unsafe {
            let keys = scratch.add(attention_scratch(d) + QUERIES * stride);
            let values = keys.add(t * stride);
            let rows = StridedRows { first: k, stride: kv_stride, count: t };
            Self::round(arguments, rows, keys);
            for key in (0..t).step_by(2) {
                let (from, to) = (v.add(key * kv_stride), values.add(key * stride));
                for j in (0..d).step_by(D::Register::N) {
                    let first: D::Register = load_up_to(from.add(j), d - j);
                    let mut second = D::Register::splat(0.0);
                    if key + 1 < t {
                        second = load_up_to(from.add(kv_stride + j), d - j);
                    }
                    first.bf16_words(second).store(to.add(j));
                }
            }
            LeftSides {
                keys: LeftWords { first: keys.cast(), row_stride: stride, step_stride: 1 },
                values: LeftWords { first: values.cast(), row_stride: 1, step_stride: 2 * stride },
            }
        }
    }

    #[inline(always)]
    unsafe fn queries(
        arguments: &AttentionArguments,
        first: usize,
        n: usize,
    ) -> StridedRows<*const f32> {
        let AttentionArguments { q, q_stride, d, scratch, .. } = *arguments;
        // SAFETY: the `n` queries from `first` on exist. They are at most `QUERIES`, and scratch
        // has a row for each.
        unsafe {
            let to = scratch.add(attention_scratch(d));
            let from = StridedRows { first: q.add(first * q_stride), stride: q_stride, count: n };
            Self::round(arguments, from, to);
            StridedRows { first: to, stride: Self::stride(arguments), count: n }
        }
    }
}

impl<D: Dot<Register: Bf16Words>> StorePowers<D::Register> for Rounded<D> {
    /// In rows of `W` registers, one for each pair of keys.
    #[inline(always)]
    unsafe fn store_pair<const W: usize>(
        [first, second]: [D::Register; 2],
        pair: usize,
        w: usize,
        to: *mut f32,
    ) {
        // SAFETY: row `pair` is among the first `2 · pair + 2`. It does not come after the two rows
        // of numbers that it is computed from, so no row that is still to be read is overwritten.
        unsafe { first.bf16_words(second).store(to.add((pair * W + w) * D::Register::N)) }
    }
}
