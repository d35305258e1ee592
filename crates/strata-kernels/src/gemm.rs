//! GEMM over packed weights: the checks in front of the kernels.

use std::ops::Range;

use crate::arguments::{GemmArguments, Int8Scales};
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::kernels::Kernels;
use crate::operand::Operand;
use crate::packed_linear::PackedLinear;
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
        let (steps, columns) = (b.steps(), b.panel_columns());
        assert_eq!((a.dtype(), a.k()), (b.dtype(), b.inputs()), "operand and weights");
        assert_eq!(columns, kernel.panel_columns, "weights packed for other kernels");
        assert!(panels.start <= panels.end && panels.end <= b.panels(), "panels {panels:?}");
        assert_eq!((out.rows(), out.columns()), (a.rows(), panels.len() * columns), "output");
        let (words, first) = (b.words(), panels.start);
        // An activation that isn't part of the GEMM follows it, panel by panel.
        let (epilogue, later) = match epilogue {
            Epilogue::Activation(activation) if !activation.is_fused() => {
                (Epilogue::Bias, Some(activation))
            }
            epilogue => (epilogue, None),
        };
        for panel in panels {
            let range = panel * columns..(panel + 1) * columns;
            let scales = (b.dtype() == Dtype::Int8).then(|| Int8Scales {
                row: a.scales().as_ptr(),
                row_min: a.mins().as_ptr(),
                column: b.scales()[range.clone()].as_ptr(),
                column_sum: b.sums()[range.clone()].as_ptr(),
            });
            let out_stride = out.stride();
            let arguments = GemmArguments {
                a: a.left_words(),
                rows: a.rows(),
                steps,
                b: words[panel * steps * columns..][..steps * columns].as_ptr(),
                bias: b.bias()[range].as_ptr(),
                scales,
                epilogue,
                out: out.as_mut_ptr().wrapping_add((panel - first) * columns),
                out_stride,
            };
            // SAFETY: operand and weights have the same `k` and dtype, checked above, so the same
            // words per row. The slices of the right side are as long as a panel, and the operand
            // has scales for each row. `out` has as many rows as the operand, and columns for each
            // panel. This CPU has the features of the table.
            unsafe { (kernel.gemm)(&arguments) }
            let Some(activation) = later else { continue };
            for row in 0..a.rows() {
                let numbers = &mut out.row_mut(row)[(panel - first) * columns..][..columns];
                // SAFETY: the slice is valid for its numbers; the CPU has the table's features.
                unsafe {
                    (self.table().activate)(activation, numbers.as_mut_ptr(), numbers.len());
                }
            }
        }
    }
}
