//! The left side of a GEMM: rows as they are, rounded to bf16 or bytes, or split into parts.

use std::marker::PhantomData;

use crate::arguments::{LINE_BYTES, LeftTiles, LeftWords, OutTiles};
use crate::buffer::Buffer;
use crate::dtype::Dtype;
use crate::kernels::Kernels;
use crate::simd::matrix::{PARTS, TILE};
use crate::table::{Layout, RowScale};
use crate::view::View;

/// Memory for rounded rows, reused from GEMM to GEMM.
#[derive(Default)]
pub struct OperandScratch {
    words: Buffer,
    scales: Vec<f32>,
    mins: Vec<f32>,
    by_fma: Vec<bool>,
}

/// Words of a line.
const LINE_WORDS: usize = LINE_BYTES / size_of::<u32>();

/// The left side of a GEMM.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    dtype: Dtype,
    layout: Layout,
    rows: usize,
    k: usize,
    words: *const u32,
    /// Words from one row to the next.
    stride: usize,
    scales: &'a [f32],
    mins: &'a [f32],
    by_fma: &'a [bool],
    lifetime: PhantomData<View<'a>>,
}

// SAFETY: an operand gives shared access to words that nobody writes while it lives, as `&[u32]`
// does.
unsafe impl Send for Operand<'_> {}
// SAFETY: as above.
unsafe impl Sync for Operand<'_> {}

impl<'a> Operand<'a> {
    /// The rows in a dtype. Each row is rounded on its own, so that it does not depend on other
    /// rows; with int8 its minimum becomes byte 0 and its maximum byte 255.
    pub fn new(
        kernels: Kernels,
        dtype: Dtype,
        rows: View<'a>,
        scratch: &'a mut OperandScratch,
    ) -> Self {
        let layout = kernels.gemm_kernel(dtype).layout;
        let (count, k) = (rows.rows(), rows.columns());
        let in_place = match layout {
            Layout::Steps => dtype == Dtype::F32,
            Layout::Widened => true,
            Layout::Tiles | Layout::Parts(_) => false,
        };
        if in_place {
            return Self {
                dtype,
                layout,
                rows: count,
                k,
                words: rows.as_ptr().cast(),
                stride: rows.stride(),
                scales: &[],
                mins: &[],
                by_fma: &[],
                lifetime: PhantomData,
            };
        }
        let place = scratch.prepare(layout, dtype, count, k);
        for row in 0..count {
            scratch.pack_row(kernels, layout, dtype, place, row, rows.row(row));
        }
        scratch.operand(layout, dtype, count, k)
    }

    #[inline]
    pub(crate) fn dtype(&self) -> Dtype {
        self.dtype
    }

    #[inline]
    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    /// The number of rows.
    #[inline]
    pub fn rows(&self) -> usize {
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

    /// In f32 by six products, per row: whether it is computed by FMA.
    #[inline]
    pub(crate) fn by_fma(&self) -> &'a [bool] {
        self.by_fma
    }

    /// The words of the rows, unless they are stored tile by tile.
    #[inline]
    pub(crate) fn left_words(&self) -> LeftWords {
        LeftWords { first: self.words, row_stride: self.stride, step_stride: 1 }
    }

    /// The words of the rows, stored tile by tile.
    #[inline]
    pub(crate) fn left_tiles(&self) -> LeftTiles {
        LeftTiles { first: self.words, stride: TILE * self.stride }
    }
}

impl OperandScratch {
    /// Makes room for `rows` rows of `k` numbers.
    fn prepare(&mut self, layout: Layout, dtype: Dtype, rows: usize, k: usize) -> Place {
        let place = Place::new(layout, dtype, k);
        self.words.grow(rows.next_multiple_of(place.interleaved) * place.row_words);
        if self.scales.len() < rows {
            self.scales.resize(rows, 0.0);
            self.mins.resize(rows, 0.0);
            self.by_fma.resize(rows, false);
        }
        place
    }

    /// Rounds or splits a row.
    fn pack_row(
        &mut self,
        kernels: Kernels,
        layout: Layout,
        dtype: Dtype,
        place: Place,
        row: usize,
        numbers: &[f32],
    ) {
        let k = numbers.len();
        let within = row % place.interleaved;
        let first = (row - within) * place.row_words + within * LINE_WORDS;
        let words = &mut self.words[first..first + place.row_span()];
        let line_stride = place.interleaved * LINE_WORDS;
        if !k.is_multiple_of(place.line_numbers) {
            // Numbers beyond `k` are multiplied by weights of 0, and so must be finite.
            words[(place.row_words / LINE_WORDS - 1) * line_stride..].fill(0.0);
        }
        let (from, to) = (numbers.as_ptr(), words.as_mut_ptr());
        let table = kernels.table();
        // SAFETY: `from` is valid for `k` numbers, and `to` for their lines, of which all bits are
        // valid; `k` is at least 1, as weights have at least one input; this CPU has the features
        // of the table.
        unsafe {
            match (layout, dtype) {
                (Layout::Parts(split), _) => self.by_fma[row] = split(from, k, to.cast()),
                (_, Dtype::Bf16) => (table.to_bf16)(from, k, to.cast(), 4 * line_stride),
                _ => {
                    let RowScale { scale, min } =
                        (table.quantize)(from, k, to.cast(), 4 * line_stride);
                    (self.scales[row], self.mins[row]) = (scale, min);
                }
            }
        }
    }

    /// The rows that were written.
    pub(crate) fn operand(
        &mut self,
        layout: Layout,
        dtype: Dtype,
        rows: usize,
        k: usize,
    ) -> Operand<'_> {
        let place = Place::new(layout, dtype, k);
        Operand {
            dtype,
            layout,
            rows,
            k,
            words: self.words.as_ptr().cast(),
            stride: place.row_words,
            scales: &self.scales[..rows],
            mins: &self.mins[..rows],
            by_fma: &self.by_fma[..rows],
            lifetime: PhantomData,
        }
    }

    /// Room for `rows` rows of `k` numbers that a GEMM stores tile by tile.
    pub(crate) fn tiles(
        &mut self,
        layout: Layout,
        dtype: Dtype,
        rows: usize,
        k: usize,
    ) -> OutTiles {
        let place = self.prepare(layout, dtype, rows, k);
        self.by_fma[..rows].fill(false);
        OutTiles {
            first: self.words.as_mut_ptr().cast(),
            stride: TILE * place.row_words,
            by_fma: self.by_fma.as_mut_ptr(),
        }
    }
}

/// Where the words of a row are.
#[derive(Clone, Copy)]
struct Place {
    /// Rows whose lines are interleaved: those of a tile, or 1. It is also the distance of the lines
    /// of one row.
    interleaved: usize,
    /// Words of a row, in whole lines.
    row_words: usize,
    /// Numbers of a line.
    line_numbers: usize,
}

impl Place {
    fn new(layout: Layout, dtype: Dtype, k: usize) -> Self {
        let (interleaved, parts) = match layout {
            Layout::Steps | Layout::Widened => (1, 1),
            Layout::Tiles => (TILE, 1),
            Layout::Parts(_) => (TILE, PARTS),
        };
        // The parts are bf16.
        let word_numbers = if parts > 1 { 2 } else { dtype.numbers_per_word() };
        let line_numbers = word_numbers * LINE_WORDS;
        Self { interleaved, row_words: k.div_ceil(line_numbers) * parts * LINE_WORDS, line_numbers }
    }

    /// Words from the first one of a row to the end of its last line.
    fn row_span(self) -> usize {
        (self.row_words - LINE_WORDS) * self.interleaved + LINE_WORDS
    }
}
