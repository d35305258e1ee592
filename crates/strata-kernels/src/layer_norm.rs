//! Layer norm: the checks in front of the kernels.

use crate::arguments::LayerNormArguments;
use crate::kernels::Kernels;
use crate::view_mut::ViewMut;

impl Kernels {
    /// Layer norm of each row in place: `(x − mean)/√(variance + eps)·gain + bias`.
    ///
    /// # Panics
    /// Gain or bias are not as long as the rows.
    pub fn layer_norm(&self, mut rows: ViewMut<'_>, gain: &[f32], bias: &[f32], eps: f32) {
        let c = rows.columns();
        assert_eq!((gain.len(), bias.len()), (c, c), "gain and bias of {c} columns");
        let arguments = LayerNormArguments {
            rows: rows.rows(),
            stride: rows.stride(),
            first: rows.as_mut_ptr(),
            c,
            gain: gain.as_ptr(),
            bias: bias.as_ptr(),
            eps,
        };
        // SAFETY: the view is valid for its rows of `c` numbers, and gain and bias are as long;
        // this CPU has the features of the table.
        unsafe { (self.table().layer_norm)(&arguments) }
    }
}
