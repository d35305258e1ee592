//! The epilogue of two tiles of rows, interleaved with the next product.

use std::marker::PhantomData;

use super::epilogue::finish;
use super::interleaved::Interleaved;
use super::schedule::PanelRows;
use super::unit::MatrixUnit;
use super::{COLUMNS, ROWS, of_panel};
use crate::arguments::GemmArguments;
use crate::epilogue::Epilogue;
use crate::simd::dot::Dot;
use crate::simd::epilogue::Tile;
use crate::simd::lanes::{Bf16Words, Parts};

/// Sums that wait for their epilogue.
struct Pending {
    /// Those of the panel.
    arguments: GemmArguments,
    rows: PanelRows,
    sums: *const u32,
}

/// The outputs of a GEMM: those whose sums are complete, and meanwhile the lines of those that come
/// next.
pub struct Outputs<'a, U, D, const SPLIT: bool> {
    arguments: &'a GemmArguments,
    pending: Option<Pending>,
    /// Rows of `pending` that are stored.
    done: usize,
    /// Where the next rows to prefetch begin, and how many there are.
    upcoming: *const f32,
    upcoming_rows: usize,
    at_a_time: usize,
    types: PhantomData<(U, D)>,
}

impl<'a, U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>, const SPLIT: bool>
    Outputs<'a, U, D, SPLIT>
{
    /// No outputs so far.
    pub fn new(arguments: &'a GemmArguments) -> Self {
        Self {
            arguments,
            pending: None,
            done: 0,
            upcoming: arguments.out,
            upcoming_rows: 0,
            at_a_time: ROWS,
            types: PhantomData,
        }
    }

    /// The arguments of the GEMM.
    #[inline(always)]
    pub fn arguments(&self) -> &'a GemmArguments {
        self.arguments
    }

    /// Prepares for a product with `steps` pieces of work. If the sums of some rows are complete
    /// after it, the lines of their outputs are prefetched during it.
    #[inline(always)]
    pub fn begin(&mut self, steps: usize, completed: Option<PanelRows>) {
        self.at_a_time = ROWS.div_ceil(steps);
        let GemmArguments { epilogue, out, out_stride, .. } = *self.arguments;
        // An activation function takes longer than its lines; and tiles lie one after another.
        let worth_it = self.arguments.out_tiles.is_none()
            && matches!(epilogue, Epilogue::Bias | Epilogue::Residual | Epilogue::Product);
        if let Some(to) = completed.filter(|_| worth_it) {
            self.upcoming = out.wrapping_add(to.first_row * out_stride + to.panel * COLUMNS);
            self.upcoming_rows = to.rows;
        }
    }

    /// The sums of some rows are complete.
    ///
    /// # Safety
    /// Of this and of the work: the CPU has the features of `U` and `D`, the guarantees of
    /// [`GemmArguments`] hold, the rows and the panel exist, and `sums` is valid and initialised for
    /// them until [`finish`](Self::finish).
    #[inline(always)]
    pub unsafe fn complete(&mut self, rows: PanelRows, sums: *const u32) {
        let arguments = of_panel(self.arguments, rows.panel);
        self.pending = Some(Pending { arguments, rows, sums });
        self.done = 0;
    }

    /// Stores all outputs that are left.
    ///
    /// # Safety
    /// As for [`complete`](Self::complete).
    #[inline(always)]
    pub unsafe fn finish(&mut self) {
        // SAFETY: the caller guarantees it.
        unsafe { self.store(ROWS) }
        self.pending = None;
    }

    /// Stores up to `count` rows.
    ///
    /// # Safety
    /// As for [`complete`](Self::complete).
    #[inline(always)]
    unsafe fn store(&mut self, count: usize) {
        let Some(Pending { arguments, rows: to, sums }) = &self.pending else { return };
        let rows = count.min(to.rows - self.done);
        if rows > 0 {
            let sums = sums.wrapping_add(self.done * COLUMNS);
            let tile = Tile { arguments, first_row: to.first_row + self.done, rows, sums };
            // SAFETY: the rows are some of those that are pending.
            unsafe { finish::<D, SPLIT>(&tile, to.panel) }
            self.done += rows;
        }
    }
}

impl<U: MatrixUnit, D: Dot<Register: Parts + Bf16Words>, const SPLIT: bool> Interleaved
    for Outputs<'_, U, D, SPLIT>
{
    #[inline(always)]
    unsafe fn step(&mut self) {
        // SAFETY: the caller of `complete` guarantees it.
        unsafe {
            for _ in 0..self.at_a_time.min(self.upcoming_rows) {
                U::prefetch_output(self.upcoming);
                U::prefetch_output(self.upcoming.wrapping_add(COLUMNS - 1));
                self.upcoming = self.upcoming.wrapping_add(self.arguments.out_stride);
                self.upcoming_rows -= 1;
            }
            self.store(self.at_a_time);
        }
    }
}
