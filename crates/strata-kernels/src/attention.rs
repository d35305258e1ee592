//! Attention: the checks in front of the kernels.

use crate::arguments::{AttentionArguments, attention_scratch, rounded_scratch};
use crate::dtype::Dtype;
use crate::kernels::Kernels;
use crate::positions::Positions;
use crate::simd::matrix;
use crate::view::View;
use crate::view_mut::ViewMut;

impl Kernels {
    /// Attention of one sequence and one attention head, `softmax(q·kᵀ/√d)·v` to `out`: queries
    /// `(n, d)`, keys and values `(t, d)`. With a reduced dtype its two matmuls are in bf16 on a
    /// CPU that has AVX-512 BF16, and in f32 on others. With `positions`, what the places of a
    /// query and a key add is added to `q·kᵀ/√d` before the softmax; what single tokens add, to `q·kᵀ`.
    /// `scratch` grows to the size needed.
    ///
    /// # Panics
    /// Sizes do not fit together, keys and values have different strides, there are no keys, or a
    /// distance is beyond the farthest that `positions` has.
    pub fn attention(
        &self,
        dtype: Dtype,
        [q, k, v]: [View<'_>; 3],
        positions: Option<Positions<'_>>,
        mut out: ViewMut<'_>,
        scratch: &mut Vec<f32>,
    ) {
        let (n, d, t) = (q.rows(), q.columns(), k.rows());
        assert!(t > 0, "no keys");
        assert_eq!((k.columns(), v.rows(), v.columns()), (d, t, d), "keys and values");
        assert_eq!((out.rows(), out.columns()), (n, d), "output");
        assert_eq!(k.stride(), v.stride(), "strides of keys and values");
        let (attention, rounded) = match dtype {
            Dtype::F32 => (self.table().attention, 0),
            Dtype::Bf16 | Dtype::Int8 => {
                let tiles = matrix::attention::attention_scratch(t, d);
                (self.table().attention_rounded, rounded_scratch(t, d).max(tiles))
            }
        };
        let needed = attention_scratch(d) + rounded;
        if scratch.len() < needed {
            scratch.resize(needed, 0.0);
        }
        let arguments = AttentionArguments {
            q: q.as_ptr(),
            q_stride: q.stride(),
            queries: n,
            k: k.as_ptr(),
            v: v.as_ptr(),
            kv_stride: k.stride(),
            t,
            d,
            scale: (std::f64::consts::LOG2_E / (d as f64).sqrt()) as f32,
            distances: positions.and_then(|positions| positions.distances(n, t)),
            tables: positions.and_then(|positions| positions.tables(n, t)),
            out_stride: out.stride(),
            out: out.as_mut_ptr(),
            scratch: scratch.as_mut_ptr(),
        };
        let attend = || {
            // SAFETY: the views are valid for their sizes, which were compared above; scratch is long
            // enough and nothing else uses it; `t` is at least 1; this CPU has the features of the
            // table.
            unsafe { attention(&arguments) }
        };
        self.with_tiles(dtype != Dtype::F32, attend);
    }
}
