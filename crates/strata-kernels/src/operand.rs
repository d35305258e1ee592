//! Rows as a product reads them: as they are, or rounded to bf16 or bytes.

use super::table::Left;
use super::view::View;
use super::{Dtype, Kernels};

/// Room for rounded rows, reused from product to product.
#[derive(Default)]
pub struct OperandScratch {
    words: Vec<u32>,
    scales: Vec<f32>,
    least: Vec<f32>,
}

/// The left side of a product.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    pub(super) dtype: Dtype,
    pub(super) rows: usize,
    pub(super) k: usize,
    words: Words<'a>,
    /// With int8: `x ≈ least + scale·q`, by row.
    pub(super) scales: &'a [f32],
    pub(super) least: &'a [f32],
}

#[derive(Clone, Copy)]
enum Words<'a> {
    /// Numbers as they are.
    Plain(View<'a>),
    /// Rows of so many words.
    Rounded(&'a [u32], usize),
}

impl<'a> Operand<'a> {
    /// The rows in the number format of a product. Each row is rounded by itself: with int8 its least
    /// becomes 0 and its largest 255, so that no row's numbers depend on another's.
    pub fn new(
        kernels: Kernels,
        dtype: Dtype,
        rows: View<'a>,
        scratch: &'a mut OperandScratch,
    ) -> Self {
        let (count, k) = (rows.rows(), rows.columns());
        if dtype == Dtype::F32 {
            let words = Words::Plain(rows);
            return Self { dtype, rows: count, k, words, scales: &[], least: &[] };
        }
        let stride = k.div_ceil(dtype.depth());
        let OperandScratch { words, scales, least } = scratch;
        // What a last word has beyond `k` is zero in the weights, so it may be anything here.
        if words.len() < count * stride {
            words.resize(count * stride, 0);
        }
        if scales.len() < count {
            scales.resize(count, 0.0);
            least.resize(count, 0.0);
        }
        for (at, words) in words.chunks_exact_mut(stride.max(1)).take(count).enumerate() {
            let row = rows.row(at);
            // SAFETY: `words` holds at least `k` numbers of 16 or 8 bits, any bits are words, and
            // the table is one for this CPU.
            unsafe {
                if dtype == Dtype::Bf16 {
                    (kernels.table.to_bf16)(row.as_ptr(), k, words.as_mut_ptr().cast());
                } else {
                    (scales[at], least[at]) =
                        (kernels.table.quantize)(row.as_ptr(), k, words.as_mut_ptr().cast());
                }
            }
        }
        let words = Words::Rounded(&words[..count * stride], stride);
        Self { dtype, rows: count, k, words, scales: &scales[..count], least: &least[..count] }
    }

    #[inline]
    pub(super) fn left(&self) -> Left {
        match self.words {
            Words::Plain(view) => Left { at: view.as_ptr().cast(), rows: view.stride(), steps: 1 },
            Words::Rounded(words, stride) => Left { at: words.as_ptr(), rows: stride, steps: 1 },
        }
    }
}
