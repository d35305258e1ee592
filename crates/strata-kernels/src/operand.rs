//! The left side of a GEMM: rows as they are, rounded to bf16 or bytes, or split into parts.

use crate::arguments::{LINE_BYTES, LeftTiles, LeftWords};
use crate::dtype::Dtype;
use crate::kernels::Kernels;
use crate::simd::matrix::{PARTS, TILE};
use crate::table::{Layout, RowScale};
use crate::view::View;

/// Memory for rounded rows, reused from GEMM to GEMM.
#[derive(Default)]
pub struct OperandScratch {
    lines: Vec<Line>,
    scales: Vec<f32>,
    mins: Vec<f32>,
    by_fma: Vec<bool>,
}

/// 16 words, aligned as matrix units read them fastest.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u32; LINE_WORDS]);

const LINE_WORDS: usize = LINE_BYTES / size_of::<u32>();

/// The left side of a GEMM.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    dtype: Dtype,
    layout: Layout,
    rows: View<'a>,
    packed: &'a [Line],
    place: Place,
    scales: &'a [f32],
    mins: &'a [f32],
    by_fma: &'a [bool],
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
        let layout = kernels.gemm_kernel(dtype).layout;
        let (count, k) = (rows.rows(), rows.columns());
        let place = Place::new(layout, dtype, k);
        if dtype == Dtype::F32 && !layout.has_tiles() {
            let none = &[];
            return Self {
                dtype,
                layout,
                rows,
                packed: &[],
                place,
                scales: none,
                mins: none,
                by_fma: &[],
            };
        }
        scratch.grow(count, place.lines(count));
        let OperandScratch { lines, scales, mins, by_fma } = scratch;
        for row in 0..count {
            let lines = &mut lines[place.first_line(row)..];
            if let Some(last) = place.last_partial_line(k) {
                // Numbers beyond `k` are multiplied by weights of 0, and so must be finite.
                lines[last] = Line([0; LINE_WORDS]);
            }
            let (from, to) = (rows.row(row).as_ptr(), lines.as_mut_ptr());
            let line_stride = place.interleaved * LINE_BYTES;
            let table = kernels.table();
            // SAFETY: `from` is valid for `k` numbers, and `to` for their lines, of which all bits
            // are valid; `k` is at least 1, as weights have at least one input; this CPU has the
            // features of the table.
            unsafe {
                match (layout, dtype) {
                    (Layout::Parts(split), _) => by_fma[row] = split(from, k, to.cast()),
                    (_, Dtype::Bf16) => (table.to_bf16)(from, k, to.cast(), line_stride),
                    _ => {
                        let RowScale { scale, min } =
                            (table.quantize)(from, k, to.cast(), line_stride);
                        (scales[row], mins[row]) = (scale, min);
                    }
                }
            }
        }
        Self {
            dtype,
            layout,
            rows,
            packed: lines,
            place,
            scales: &scales[..count],
            mins: &mins[..count],
            by_fma: &by_fma[..count],
        }
    }

    #[inline]
    pub(crate) fn dtype(&self) -> Dtype {
        self.dtype
    }

    #[inline]
    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    #[inline]
    pub(crate) fn rows(&self) -> usize {
        self.rows.rows()
    }

    #[inline]
    pub(crate) fn k(&self) -> usize {
        self.rows.columns()
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
        let (first, row_stride) = if self.dtype == Dtype::F32 {
            (self.rows.as_ptr().cast(), self.rows.stride())
        } else {
            (self.packed.as_ptr().cast(), self.place.row_lines * LINE_WORDS)
        };
        LeftWords { first, row_stride, step_stride: 1 }
    }

    /// The words of the rows, stored tile by tile.
    #[inline]
    pub(crate) fn left_tiles(&self) -> LeftTiles {
        let stride = TILE * self.place.row_lines * LINE_WORDS;
        LeftTiles { first: self.packed.as_ptr().cast(), stride }
    }
}

impl OperandScratch {
    fn grow(&mut self, rows: usize, lines: usize) {
        if self.lines.len() < lines {
            self.lines.resize(lines, Line([0; LINE_WORDS]));
        }
        if self.scales.len() < rows {
            self.scales.resize(rows, 0.0);
            self.mins.resize(rows, 0.0);
            self.by_fma.resize(rows, false);
        }
    }
}

/// Where the lines of a row are.
#[derive(Clone, Copy)]
struct Place {
    /// Rows whose lines are interleaved: those of a tile, or 1. It is also the distance of the lines
    /// of one row.
    interleaved: usize,
    /// Lines of a row.
    row_lines: usize,
    numbers_per_line: usize,
}

impl Place {
    fn new(layout: Layout, dtype: Dtype, k: usize) -> Self {
        let (interleaved, parts) = match layout {
            Layout::Steps => (1, 1),
            Layout::Tiles => (TILE, 1),
            Layout::Parts(_) => (TILE, PARTS),
        };
        // The parts are bf16.
        let numbers = if parts > 1 { 2 } else { dtype.numbers_per_word() };
        let numbers_per_line = numbers * LINE_WORDS;
        let row_lines = k.div_ceil(numbers_per_line) * parts;
        Self { interleaved, row_lines, numbers_per_line }
    }

    /// Lines of `rows` rows, of which the last ones may be only a part of a tile.
    fn lines(self, rows: usize) -> usize {
        rows.next_multiple_of(self.interleaved) * self.row_lines
    }

    fn first_line(self, row: usize) -> usize {
        let within = row % self.interleaved;
        (row - within) * self.row_lines + within
    }

    /// The place of a row's last line after its first, if `k` numbers do not fill it.
    fn last_partial_line(self, k: usize) -> Option<usize> {
        (!k.is_multiple_of(self.numbers_per_line)).then(|| (self.row_lines - 1) * self.interleaved)
    }
}
