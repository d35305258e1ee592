//! GEMM over packed weights: the checks in front of the kernels.

use std::ops::Range;

use crate::activation::Activation;
use crate::arguments::{GemmArguments, Int8Scales};
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::kernels::Kernels;
use crate::operand::Operand;
use crate::packed_linear::PackedLinear;
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
        assert_eq!((a.dtype(), a.k()), (b.dtype(), b.inputs()), "operand and weights");
        let layouts = [a.layout(), b.layout()].map(Layout::name);
        assert_eq!(layouts, [kernel.layout.name(); 2], "packed for other kernels");
        assert_eq!(columns, kernel.panel_columns, "packed for other kernels");
        assert!(panels.start <= panels.end && panels.end <= b.panels(), "panels {panels:?}");
        assert_eq!((out.rows(), out.columns()), (a.rows(), panels.len() * columns), "output");
        // An activation that isn't part of the GEMM follows it, panel by panel.
        let (epilogue, later) = match epilogue {
            Epilogue::Activation(activation) if !activation.is_fused() => {
                (Epilogue::Bias, Some(activation))
            }
            epilogue => (epilogue, None),
        };
        self.with_tiles(kernel.layout.has_tiles(), || {
            for (at, panel) in panels.enumerate() {
                let (_, rest) = out.reborrow().split_columns(at * columns);
                let (mut out, _) = rest.split_columns(columns);
                self.panel_gemm(kernel, a, b, panel, epilogue, out.reborrow());
                if let Some(activation) = later {
                    self.activate(activation, out);
                }
            }
        });
    }

    /// Applies an activation function to all rows, in place.
    fn activate(&self, activation: Activation, mut rows: ViewMut<'_>) {
        for row in 0..rows.rows() {
            let numbers = rows.row_mut(row);
            // SAFETY: the slice is valid for its numbers; this CPU has the features of the table.
            unsafe { (self.table().activate)(activation, numbers.as_mut_ptr(), numbers.len()) }
        }
    }

    /// The GEMM of one panel. The sizes of the sides and the output fit together.
    fn panel_gemm(
        &self,
        kernel: &GemmKernel,
        a: &Operand<'_>,
        b: &PackedLinear,
        panel: usize,
        epilogue: Epilogue,
        mut out: ViewMut<'_>,
    ) {
        let range = panel * b.panel_columns()..(panel + 1) * b.panel_columns();
        let scales = (b.dtype() == Dtype::Int8).then(|| Int8Scales {
            row: a.scales().as_ptr(),
            row_min: a.mins().as_ptr(),
            column: b.scales()[range.clone()].as_ptr(),
            column_sum: b.sums()[range.clone()].as_ptr(),
        });
        let arguments = GemmArguments {
            a: a.left_words(),
            a_tiles: a.left_tiles(),
            by_fma: a.by_fma().as_ptr(),
            rows: a.rows(),
            steps: b.steps(),
            b: b.words()[panel * b.panel_words()..][..b.panel_words()].as_ptr(),
            bias: b.bias()[range].as_ptr(),
            scales,
            epilogue,
            out_stride: out.stride(),
            out: out.as_mut_ptr(),
        };
        // SAFETY: operand and weights have the same `k` and dtype and are packed for this kernel,
        // so they have what its layout says. The slices of the right side are as long as a panel,
        // and the operand has scales or marks for each row. `out` has as many rows as the operand,
        // and columns for the panel. This CPU has the features of the table, and tiles are
        // configured if it needs them.
        unsafe { (kernel.gemm)(&arguments) }
    }
}
