//! Kernels: products over packed weights, attention, layer norm, and the rounding that reduced
//! products need, for AVX-512, for AVX2 with FMA, and in plain loops.
//!
//! A safe door in front: [`Kernels`] checks sizes and calls through a table that exists only where
//! this CPU has its instructions. Behind it each algorithm is written once over a register type
//! (`simd`), and each instruction set is a module that brings the type.
//!
//! Every number that comes out is one chain of operations over its own inputs, in an order that
//! neither the height of a tile, nor its neighbours, nor the number of threads changes. Between
//! instruction sets the bits may differ.

#![expect(unsafe_code, reason = "instructions by intrinsics; each block says why it is sound")]

mod dispatch;
mod operand;
mod packed_linear;
mod peak;
mod scalar;
#[cfg(kernels_x86_64)]
mod simd;
mod table;
#[cfg(test)]
mod tests;
mod view;
#[cfg(kernels_x86_64)]
mod x86_64;

use std::ops::Range;

pub use dispatch::{Dtype, InstructionSet};
pub use operand::{Operand, OperandScratch};
pub use packed_linear::{Linear, Part};
pub use table::{Activation, Finish};
pub use view::{View, ViewMut};

use table::{Attention, NormRows, Panel, Product, Scales, Table};

/// The kernels of one instruction set that this CPU has.
#[derive(Clone, Copy)]
pub struct Kernels {
    set: InstructionSet,
    table: &'static Table,
}

impl Kernels {
    /// Those of an instruction set, if this CPU has it.
    pub fn new(set: InstructionSet) -> Option<Self> {
        Some(Self { set, table: dispatch::table(set)? })
    }

    /// The best that this CPU has.
    pub fn best() -> Self {
        let best = Self::new(InstructionSet::detect());
        best.unwrap_or(Self { set: InstructionSet::Scalar, table: &scalar::TABLE })
    }

    /// The instruction set.
    #[inline]
    pub fn set(&self) -> InstructionSet {
        self.set
    }

    /// The instructions that products of that number format use, in words.
    pub fn instructions(&self, dtype: Dtype) -> &'static str {
        self.product_of(dtype).instructions
    }

    #[inline]
    fn product_of(&self, dtype: Dtype) -> &'static Product {
        match dtype {
            Dtype::F32 => &self.table.f32,
            Dtype::Bf16 => &self.table.bf16,
            Dtype::Int8 => &self.table.int8,
        }
    }

    /// `(m, k)·(k, n)` for the panels named, plus bias, with what [`Finish`] says on top, to the
    /// columns of those panels.
    ///
    /// # Panics
    /// Sizes or number formats don't fit together.
    pub fn product(
        &self,
        a: &Operand<'_>,
        b: &Linear,
        panels: Range<usize>,
        finish: Finish,
        mut out: ViewMut<'_>,
    ) {
        let product = self.product_of(b.dtype);
        assert_eq!((a.dtype, a.k), (b.dtype, b.k), "operand and weights");
        assert_eq!(b.panel, product.columns, "weights packed for other kernels");
        assert!(panels.start <= panels.end && panels.end <= b.panels(), "panels {panels:?}");
        assert_eq!((out.rows(), out.columns()), (a.rows, panels.len() * b.panel), "output");
        let (words, first) = (b.words.as_slice(), panels.start);
        for panel in panels {
            let column = panel * b.panel;
            let columns = column..column + b.panel;
            let scales = (b.dtype == Dtype::Int8).then(|| Scales {
                row: a.scales.as_ptr(),
                row_least: a.least.as_ptr(),
                column: b.scales[columns.clone()].as_ptr(),
                column_sum: b.sums[columns.clone()].as_ptr(),
            });
            let stride = out.stride();
            let panel = Panel {
                a: a.left(),
                rows: a.rows,
                steps: b.steps,
                b: words[panel * b.steps * b.panel..][..b.steps * b.panel].as_ptr(),
                bias: b.bias[columns].as_ptr(),
                scales,
                finish,
                out: out.as_mut_ptr().wrapping_add((panel - first) * b.panel),
                out_stride: stride,
            };
            // SAFETY: operand and weights are of one `k` and number format, checked above, so of the
            // same words a row; slices of a panel's length were taken of the right side, and the
            // operand has scales by row; `out` has a row for each of the operand's and columns for
            // each panel's. The table is one for this CPU.
            unsafe { (product.product)(&panel) }
        }
    }

    /// Layer norm of each row in place: `(x − mean)/√(variance + eps)·gain + bias`.
    ///
    /// # Panics
    /// Gain or bias aren't as wide as rows are.
    pub fn layer_norm(&self, mut rows: ViewMut<'_>, gain: &[f32], bias: &[f32], eps: f32) {
        let (count, c, stride) = (rows.rows(), rows.columns(), rows.stride());
        assert_eq!((gain.len(), bias.len()), (c, c), "gain and bias of {c} columns");
        // SAFETY: the view is of `count` rows of `c` numbers, and so long are gain and bias; the
        // table is one for this CPU.
        unsafe {
            (self.table.layer_norm)(&NormRows {
                first: rows.as_mut_ptr(),
                rows: count,
                stride,
                c,
                gain: gain.as_ptr(),
                bias: bias.as_ptr(),
                eps,
            });
        }
    }

    /// Attention of one sequence and head, `softmax(q·kᵀ/√d)·v` to `out`: queries `(n, d)` over keys
    /// and values `(t, d)`. With a reduced number format, its two products are in bf16 on a CPU that has
    /// AVX-512 BF16, and in f32 on others. `scratch` grows to what is needed.
    ///
    /// # Panics
    /// Sizes don't fit together, or there are no keys.
    pub fn attention(
        &self,
        dtype: Dtype,
        q: View<'_>,
        k: View<'_>,
        v: View<'_>,
        mut out: ViewMut<'_>,
        scratch: &mut Vec<f32>,
    ) {
        let (n, d, t) = (q.rows(), q.columns(), k.rows());
        assert!(t > 0, "no keys");
        assert_eq!((k.columns(), v.rows(), v.columns()), (d, t, d), "keys and values");
        assert_eq!((out.rows(), out.columns()), (n, d), "output");
        assert_eq!(k.stride(), v.stride(), "keys and values");
        let (attention, more) = match dtype {
            Dtype::F32 => (self.table.attention, 0),
            _ => (self.table.attention_rounded, table::rounded_scratch(t, d)),
        };
        let needed = table::attention_scratch(d) + more;
        if scratch.len() < needed {
            scratch.resize(needed, 0.0);
        }
        let of = Attention {
            q: q.as_ptr(),
            q_stride: q.stride(),
            queries: n,
            k: k.as_ptr(),
            v: v.as_ptr(),
            kv_stride: k.stride(),
            t,
            d,
            scale: (std::f64::consts::LOG2_E / (d as f64).sqrt()) as f32,
            out_stride: out.stride(),
            out: out.as_mut_ptr(),
            scratch: scratch.as_mut_ptr(),
        };
        // SAFETY: the sizes are the views', which were compared above; scratch is long enough; the
        // table is one for this CPU.
        unsafe { attention(&of) }
    }
}

/// Operations a second (additions and multiplications) that products of that number format can
/// reach on `threads` threads at once, measured in about 50 ms: their own tile on words that lie in
/// the first-level cache. 0 where this CPU lacks the instruction set.
pub fn peak(set: InstructionSet, dtype: Dtype, threads: usize) -> f64 {
    Kernels::new(set).map_or(0.0, |kernels| {
        // SAFETY: there are kernels only where this CPU has their instructions.
        unsafe { peak::measure(kernels.product_of(dtype), dtype.depth(), threads) }
    })
}
