//! GEMMs of a layer, on one thread or split between threads.

use std::ops::Range;

use rayon::prelude::*;
use strata_kernels::{Epilogue, Kernels, Operand, OperandScratch, PackedLinear, View, ViewMut};

/// The configuration of a GEMM: its kernels, and how its columns are split between threads.
#[derive(Clone, Copy)]
pub struct GemmConfig {
    pub kernels: Kernels,
    /// The number of parts into which the columns are split, to be computed in parallel; 1 if each
    /// thread has its own rows.
    pub column_splits: usize,
}

impl GemmConfig {
    /// The given panels of `linear` for `rows`, to `out`.
    pub fn gemm(
        self,
        linear: &PackedLinear,
        panels: Range<usize>,
        rows: View<'_>,
        epilogue: Epilogue,
        out: ViewMut<'_>,
        scratch: &mut OperandScratch,
    ) {
        let operand = Operand::new(self.kernels, linear.dtype(), rows, scratch);
        self.multiply(&operand, linear, panels, epilogue, out);
    }

    /// As [`gemm`](Self::gemm), for rows that are a left side already.
    pub fn multiply(
        self,
        operand: &Operand<'_>,
        linear: &PackedLinear,
        panels: Range<usize>,
        epilogue: Epilogue,
        out: ViewMut<'_>,
    ) {
        let splits = self.column_splits.min(panels.len());
        if splits <= 1 {
            self.kernels.gemm(operand, linear, panels, epilogue, out);
            return;
        }
        let mut tasks = Vec::with_capacity(splits);
        let mut rest = out;
        for split in 0..splits {
            let bound = |split| panels.start + split * panels.len() / splits;
            let panels = bound(split)..bound(split + 1);
            let (columns, others) = rest.split_columns(panels.len() * linear.panel_columns());
            tasks.push((panels, columns));
            rest = others;
        }
        tasks.into_par_iter().with_max_len(1).for_each(|(panels, columns)| {
            self.kernels.gemm(operand, linear, panels, epilogue, columns);
        });
    }
}
