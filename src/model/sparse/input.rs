//! What sparse rows are made of.

use strata_kernels::View;

use crate::model::pooling_mask::PoolingMask;

/// One text of a pass.
#[derive(Clone, Copy)]
pub struct SparseInput<'a> {
    /// The hidden state, `(t,c)`.
    pub rows: View<'a>,
    /// The ids of its tokens.
    pub ids: &'a [u32],
    /// Which of them count; all without it.
    pub mask: Option<&'a PoolingMask>,
}
