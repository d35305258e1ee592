//! GEMM over packed weights: the checks in front of the kernels.

use std::cell::RefCell;
use std::ops::Range;
use std::ptr;

use crate::activation::Activation;
use crate::arguments::{GemmArguments, Int8Scales, OutTiles};
use crate::buffer::Buffer;
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::kernels::Kernels;
use crate::operand::{Operand, OperandScratch};
use crate::packed_linear::PackedLinear;
use crate::simd::matrix;
use crate::table::{GemmKernel, Layout};
use crate::view_mut::ViewMut;

impl Kernels {
    /// `(m, k)·(k, n)` for the given panels of `b`, plus bias, then the [`Epilogue`]. `out` has the
    /// columns of those panels.
    ///
    /// # Panics
    /// Sizes or dtypes of `a`, `b` and `out` do not fit together, `b` was packed for kernels with
    /// other panels, or it does not have these panels.
    pub fn gemm(
        &self,
        a: &Operand<'_>,
        b: &PackedLinear,
        panels: Range<usize>,
        epilogue: Epilogue,
        mut out: ViewMut<'_>,
    ) {
        let kernel = self.gemm_kernel(b.dtype());
        let columns = b.panel_columns();
        check(kernel, a, b);
        assert!(panels.start <= panels.end && panels.end <= b.panels(), "panels {panels:?}");
        assert_eq!((out.rows(), out.columns()), (a.rows(), panels.len() * columns), "output");
        // An activation that isn't part of the GEMM follows it, panel by panel.
        let (epilogue, later) = match epilogue {
            Epilogue::Activation(activation) if !activation.is_fused() => {
                (Epilogue::Bias, Some(activation))
            }
            epilogue => (epilogue, None),
        };
        let Some(first) = panels.clone().next() else { return };
        let at_a_time = if kernel.layout.has_tiles() { panels.len() } else { 1 };
        self.with_tiles(kernel.layout.has_tiles(), || {
            for panel in panels.step_by(at_a_time) {
                let (_, rest) = out.reborrow().split_columns((panel - first) * columns);
                let (mut out, _) = rest.split_columns(at_a_time * columns);
                let output =
                    Output { epilogue, rows: out.as_mut_ptr(), stride: out.stride(), tiles: None };
                // SAFETY: operand and weights have the same `k` and dtype and are packed for this
                // kernel. `out` has as many rows as the operand, and columns for the panels. Tiles
                // are configured if the kernel needs them.
                unsafe { self.panels_gemm(kernel, a, b, panel..panel + at_a_time, output) }
                if let Some(activation) = later {
                    self.activate(activation, out);
                }
            }
        });
    }

    /// As [`gemm`](Self::gemm) for all panels of `b`, with the output as the left side of a GEMM of
    /// the same dtype with `k` inputs: its numbers are rounded or split while they are in
    /// registers. `None` if these kernels have that neither for the dtype nor for the epilogue.
    ///
    /// # Panics
    /// As for [`gemm`](Self::gemm), or `k` inputs don't have as many panels as `b`.
    pub fn gemm_to_operand<'s>(
        &self,
        a: &Operand<'_>,
        b: &PackedLinear,
        epilogue: Epilogue,
        k: usize,
        scratch: &'s mut OperandScratch,
    ) -> Option<Operand<'s>> {
        let kernel = self.gemm_kernel(b.dtype());
        let fused = match epilogue {
            Epilogue::Bias => true,
            Epilogue::Activation(activation) => activation.is_fused(),
            Epilogue::Residual | Epilogue::Product => false,
        };
        if !kernel.layout.has_tiles() || b.dtype() == Dtype::Int8 || !fused {
            return None;
        }
        check(kernel, a, b);
        assert_eq!(k.div_ceil(b.panel_columns()), b.panels(), "{k} inputs");
        let tiles = scratch.tiles(kernel.layout, b.dtype(), a.rows(), k);
        let output = Output { epilogue, rows: ptr::null_mut(), stride: 0, tiles: Some(tiles) };
        self.with_tiles(true, || {
            // SAFETY: as above, and there are tiles for all rows and panels.
            unsafe { self.panels_gemm(kernel, a, b, 0..b.panels(), output) }
        });
        Some(scratch.operand(kernel.layout, b.dtype(), a.rows(), k))
    }

    /// Applies an activation function to all rows, in place.
    fn activate(&self, activation: Activation, mut rows: ViewMut<'_>) {
        for row in 0..rows.rows() {
            let numbers = rows.row_mut(row);
            // SAFETY: the slice is valid for its numbers; this CPU has the features of the table.
            unsafe { (self.table().activate)(activation, numbers.as_mut_ptr(), numbers.len()) }
        }
    }

    /// The GEMM of some panels.
    ///
    /// # Safety
    /// Operand and weights fit together and are packed for this kernel, the weights have these
    /// panels, the output has room for them, and this thread's tiles are configured if the kernel
    /// has any.
    unsafe fn panels_gemm(
        &self,
        kernel: &GemmKernel,
        a: &Operand<'_>,
        b: &PackedLinear,
        panels: Range<usize>,
        output: Output,
    ) {
        let range = panels.start * b.panel_columns()..panels.end * b.panel_columns();
        let scales = (b.dtype() == Dtype::Int8).then(|| Int8Scales {
            row: a.scales().as_ptr(),
            row_min: a.mins().as_ptr(),
            column: b.scales()[range.clone()].as_ptr(),
            column_sum: b.sums()[range.clone()].as_ptr(),
        });
        let scratch_words = match kernel.layout {
            Layout::Steps => 0,
            Layout::Widened => 2 * b.panel_words(),
            Layout::Tiles => matrix::gemm::schedule(a.rows(), panels.len(), b.steps()).sums_words(),
            Layout::Parts(_) => {
                matrix::split::schedule(a.rows(), panels.len(), b.inputs()).sums_words()
            }
        };
        let run = |scratch: &mut Buffer| {
            let arguments = GemmArguments {
                a: a.left_words(),
                a_tiles: a.left_tiles(),
                by_fma: a.by_fma().as_ptr(),
                rows: a.rows(),
                k: b.inputs(),
                steps: b.steps(),
                b: b.words()[panels.start * b.panel_words()..].as_ptr(),
                next_panel: b.words().as_ptr().wrapping_add(panels.end * b.panel_words()),
                bias: b.bias()[range].as_ptr(),
                scales,
                epilogue: output.epilogue,
                out: output.rows,
                out_stride: output.stride,
                out_tiles: output.tiles,
                panels: panels.len(),
                panel_words: b.panel_words(),
                scratch: scratch.grow(scratch_words).as_mut_ptr().cast(),
            };
            // SAFETY: operand and weights have what the kernel's layout says, as the caller
            // guarantees. There are biases, scales and marks for each column or row, and words for
            // the sums. This CPU has the features of the table.
            unsafe { (kernel.gemm)(&arguments) }
        };
        SCRATCH.with_borrow_mut(run);
    }
}

thread_local! {
    /// The memory of GEMMs that need some: see [`GemmArguments::scratch`].
    static SCRATCH: RefCell<Buffer> = RefCell::default();
}

/// Where the outputs of a GEMM go.
struct Output {
    epilogue: Epilogue,
    rows: *mut f32,
    stride: usize,
    tiles: Option<OutTiles>,
}

/// Checks that operand and weights fit together and are packed for a kernel.
fn check(kernel: &GemmKernel, a: &Operand<'_>, b: &PackedLinear) {
    assert_eq!((a.dtype(), a.k()), (b.dtype(), b.inputs()), "operand and weights");
    let layouts = [a.layout(), b.layout()].map(Layout::name);
    assert_eq!(layouts, [kernel.layout.name(); 2], "packed for other kernels");
    assert_eq!(b.panel_columns(), kernel.panel_columns, "packed for other kernels");
}
