//! The left side of a GEMM: rows as they are, or rounded to bf16 or bytes.

use crate::arguments::LeftWords;
use crate::dtype::Dtype;
use crate::kernels::Kernels;
use crate::table::RowScale;
use crate::view::View;

/// Memory for rounded rows, reused from GEMM to GEMM.
#[derive(Default)]
pub struct OperandScratch {
    words: Vec<u32>,
    scales: Vec<f32>,
    mins: Vec<f32>,
}

/// The left side of a GEMM.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    dtype: Dtype,
    rows: usize,
    k: usize,
    words: Words<'a>,
    scales: &'a [f32],
    mins: &'a [f32],
}

#[derive(Clone, Copy)]
enum Words<'a> {
    /// The f32 numbers themselves.
    Plain(View<'a>),
    /// Rounded numbers, in rows of `stride` words.
    Rounded { words: &'a [u32], stride: usize },
}

impl<'a> Operand<'a> {
    /// The rows in a dtype. Each row is rounded on its own, so that it does not depend on other
    /// rows; with int8 its minimum becomes byte 0 and its maximum byte 255.
    pub fn new(
        kernels: Kernels,
        dtype: Dtype,
        rows: View<'a>,
        scratch: &'a mut OperandScratch,
    ) -> Self {
        let (count, k) = (rows.rows(), rows.columns());
        if dtype == Dtype::F32 {
            let words = Words::Plain(rows);
            return Self { dtype, rows: count, k, words, scales: &[], mins: &[] };
        }
        let stride = k.div_ceil(dtype.numbers_per_word());
        let OperandScratch { words, scales, mins } = scratch;
        // The numbers of the last word that are beyond `k` may hold anything: the weights there are
        // 0.
        if words.len() < count * stride {
            words.resize(count * stride, 0);
        }
        if scales.len() < count {
            scales.resize(count, 0.0);
            mins.resize(count, 0.0);
        }
        let table = kernels.table();
        let used = &mut words[..count * stride];
        for (at, words) in used.chunks_exact_mut(stride.max(1)).enumerate() {
            let from = rows.row(at).as_ptr();
            // SAFETY: `from` is valid for `k` numbers, and `words` for at least `k` numbers of 16
            // or 8 bits, of which all bits are valid; `k` is at least 1 if there are words; this
            // CPU has the features of the table.
            unsafe {
                if dtype == Dtype::Bf16 {
                    (table.to_bf16)(from, k, words.as_mut_ptr().cast());
                } else {
                    let RowScale { scale, min } =
                        (table.quantize)(from, k, words.as_mut_ptr().cast());
                    (scales[at], mins[at]) = (scale, min);
                }
            }
        }
        let words = Words::Rounded { words: used, stride };
        Self { dtype, rows: count, k, words, scales: &scales[..count], mins: &mins[..count] }
    }

    #[inline]
    pub(crate) fn dtype(&self) -> Dtype {
        self.dtype
    }

    #[inline]
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    #[inline]
    pub(crate) fn k(&self) -> usize {
        self.k
    }

    /// With int8, per row: `x ≈ min + scale·byte`.
    #[inline]
    pub(crate) fn scales(&self) -> &'a [f32] {
        self.scales
    }

    /// With int8, per row: its minimum.
    #[inline]
    pub(crate) fn mins(&self) -> &'a [f32] {
        self.mins
    }

    #[inline]
    pub(crate) fn left_words(&self) -> LeftWords {
        let (first, row_stride) = match self.words {
            Words::Plain(view) => (view.as_ptr().cast(), view.stride()),
            Words::Rounded { words, stride } => (words.as_ptr(), stride),
        };
        LeftWords { first, row_stride, step_stride: 1 }
    }
}
