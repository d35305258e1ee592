//! What attention's two products read: queries, keys, values and powers as they are, or rounded to
//! bf16, two to a word.

use std::marker::PhantomData;

use super::super::super::table::{Attention, Left, QUERIES, attention_scratch};
use super::super::lanes::{Bf16Words, Lanes, Rows, ToBf16};
use super::super::micro_kernel::Dot;

/// Left sides of the two products: word `(key, step of d)`, and word `(column of d, step of keys)`.
pub struct Prepared {
    pub keys: Left,
    pub values: Left,
}

/// A number format of the two products.
///
/// # Safety
/// Of every method: the CPU has the features of the implementing type, and [`Attention`]'s promises
/// hold.
pub trait Operands {
    type Dot: Dot;

    /// Words that so many numbers take.
    fn words(numbers: usize) -> usize;

    /// Keys and values, for every block of queries.
    unsafe fn prepare(of: &Attention) -> Prepared;

    /// The queries `first..first + n` as rows of words, for one block.
    unsafe fn queries(of: &Attention, first: usize, n: usize) -> Rows<*const f32>;

    /// Puts the powers of keys `2 · pair` and the next where the product with values reads them, in
    /// rows of `width` words from `to` on.
    unsafe fn put_pair(
        powers: [<Self::Dot as Dot>::Register; 2],
        pair: usize,
        to: *mut f32,
        width: usize,
    );
}

/// Words that are the numbers.
pub struct AsTheyAre<D>(PhantomData<D>);

impl<D: Dot> Operands for AsTheyAre<D> {
    type Dot = D;

    #[inline(always)]
    fn words(numbers: usize) -> usize {
        numbers
    }

    #[inline(always)]
    unsafe fn prepare(of: &Attention) -> Prepared {
        Prepared {
            keys: Left { at: of.k.cast(), rows: of.kv_stride, steps: 1 },
            values: Left { at: of.v.cast(), rows: 1, steps: of.kv_stride },
        }
    }

    #[inline(always)]
    unsafe fn queries(of: &Attention, first: usize, n: usize) -> Rows<*const f32> {
        // SAFETY: `first` is among the queries.
        Rows { first: unsafe { of.q.add(first * of.q_stride) }, stride: of.q_stride, count: n }
    }

    #[inline(always)]
    unsafe fn put_pair(powers: [D::Register; 2], pair: usize, to: *mut f32, width: usize) {
        for (at, power) in powers.into_iter().enumerate() {
            // SAFETY: there is room for pairs of rows.
            unsafe { power.store(to.add((2 * pair + at) * width)) }
        }
    }
}

/// Words of two bf16: neighbours in `d` of queries and keys, neighbours among keys of values and
/// powers. A second that isn't there is 0.
///
/// Behind what every attention has in scratch lie keys, values and a block's queries, in rows of
/// whole registers.
pub struct AsBf16<D>(PhantomData<D>);

impl<D: Dot<Register: Bf16Words>> AsBf16<D> {
    /// Words of a row of keys or queries.
    #[inline(always)]
    fn stride(of: &Attention) -> usize {
        of.d.next_multiple_of(D::Register::N) / 2
    }

    /// Rows rounded, from `stride` apart.
    #[inline(always)]
    unsafe fn round(of: &Attention, from: Rows<*const f32>, to: *mut f32) {
        for row in 0..from.count {
            for j in (0..of.d).step_by(D::Register::N) {
                // SAFETY: `row` is one of them, the columns read are below `d`, and `to` has rows of
                // whole registers.
                unsafe {
                    let numbers: D::Register =
                        load_some(from.first.add(row * from.stride + j), of.d - j);
                    numbers.store_bf16(to.add(row * Self::stride(of) + j / 2).cast());
                }
            }
        }
    }
}

impl<D: Dot<Register: Bf16Words>> Operands for AsBf16<D> {
    type Dot = D;

    #[inline(always)]
    fn words(numbers: usize) -> usize {
        numbers.div_ceil(2)
    }

    #[inline(always)]
    unsafe fn prepare(of: &Attention) -> Prepared {
        let stride = Self::stride(of);
        // SAFETY: rows of keys and values are those below `t`, and so long is scratch.
        unsafe {
            let keys = of.scratch.add(attention_scratch(of.d) + QUERIES * stride);
            let values = keys.add(of.t * stride);
            Self::round(of, Rows { first: of.k, stride: of.kv_stride, count: of.t }, keys);
            for key in (0..of.t).step_by(2) {
                let (from, to) = (of.v.add(key * of.kv_stride), values.add(key * stride));
                for j in (0..of.d).step_by(D::Register::N) {
                    let first: D::Register = load_some(from.add(j), of.d - j);
                    let mut second = D::Register::splat(0.0);
                    if key + 1 < of.t {
                        second = load_some(from.add(of.kv_stride + j), of.d - j);
                    }
                    first.bf16_words(second).store(to.add(j));
                }
            }
            Prepared {
                keys: Left { at: keys.cast(), rows: stride, steps: 1 },
                values: Left { at: values.cast(), rows: 1, steps: 2 * stride },
            }
        }
    }

    #[inline(always)]
    unsafe fn queries(of: &Attention, first: usize, n: usize) -> Rows<*const f32> {
        // SAFETY: `n` queries from `first` on are there, `QUERIES` at most, and scratch has a row for
        // each.
        unsafe {
            let to = of.scratch.add(attention_scratch(of.d));
            let from = Rows { first: of.q.add(first * of.q_stride), stride: of.q_stride, count: n };
            Self::round(of, from, to);
            Rows { first: to, stride: Self::stride(of), count: n }
        }
    }

    #[inline(always)]
    unsafe fn put_pair([first, second]: [D::Register; 2], pair: usize, to: *mut f32, width: usize) {
        // SAFETY: no row of words is behind the rows of numbers that it comes of.
        unsafe { first.bf16_words(second).store(to.add(pair * width)) }
    }
}

/// A register, of which the first `n` numbers are those at `from` and the others 0, or all of them.
#[inline(always)]
unsafe fn load_some<V: Lanes>(from: *const f32, n: usize) -> V {
    // SAFETY: as many are read as there are.
    unsafe {
        if n >= V::N {
            return V::load(from);
        }
        let mut some = [0.0; 16];
        some.as_mut_ptr().copy_from_nonoverlapping(from, n);
        V::load(some.as_ptr())
    }
}
