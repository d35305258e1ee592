//! Attention of a layer, sequence by sequence. If there are few sequences, their attention heads
//! are split between the threads.

use rayon::prelude::*;
use strata_kernels::{Dtype, Kernels, View, ViewMut};

use super::row_layout::LayerRows;
use super::scratch::{ScratchPool, ThreadScratch};

/// Pieces of work per thread: so many that the threads finish at about the same time, even if
/// sequences differ in length.
const PIECES_PER_THREAD: usize = 4;

/// The attention heads of a layer, and where they are in a QKV row.
#[derive(Clone, Copy)]
pub struct AttentionHeads {
    /// The number of attention heads.
    pub count: usize,
    /// Columns of one attention head, `d`.
    pub columns: usize,
    /// The distance from the first column of the queries to that of the keys, and from there to the
    /// values.
    pub qkv_distance: usize,
}

/// Some attention heads of a sequence.
struct Piece<'a> {
    q: View<'a>,
    k: View<'a>,
    v: View<'a>,
    out: ViewMut<'a>,
}

impl AttentionHeads {
    /// Queries, keys and values, `(rows, 3·qkv_distance)` → context, `(rows_out, count·d)`.
    pub fn attention(
        self,
        kernels: Kernels,
        dtype: Dtype,
        layer_rows: &LayerRows<'_>,
        qkv: View<'_>,
        context: ViewMut<'_>,
        scratch: &ScratchPool<ThreadScratch>,
    ) {
        let pieces = self.pieces(layer_rows, qkv, context);
        pieces.into_par_iter().with_max_len(1).for_each(|mut piece| {
            scratch.with(|scratch| {
                let mut rest = piece.out.reborrow();
                for first in (0..rest.columns()).step_by(self.columns) {
                    let (out, others) = rest.split_columns(self.columns);
                    let [q, k, v] = [piece.q, piece.k, piece.v]
                        .map(|view| view.columns_from(first, self.columns));
                    kernels.attention(dtype, q, k, v, out, &mut scratch.attention);
                    rest = others;
                }
            });
        });
    }

    fn pieces<'a>(
        self,
        layer_rows: &LayerRows<'_>,
        qkv: View<'a>,
        context: ViewMut<'a>,
    ) -> Vec<Piece<'a>> {
        let sequences = (layer_rows.whole.len() + layer_rows.partial.len()).max(1);
        let groups =
            (PIECES_PER_THREAD * rayon::current_num_threads()).div_ceil(sequences).min(self.count);
        let mut pieces = Vec::with_capacity(sequences * groups);
        let mut rest = context;
        for (sequence, rows_out) in layer_rows.outputs() {
            let (mut out, others) = rest.split_rows(rows_out.len());
            rest = others;
            let queries = qkv.rows_from(rows_out.start, rows_out.len());
            let keys = qkv.rows_from(sequence.first, sequence.tokens);
            for group in 0..groups {
                let bound = |group: usize| group * self.count / groups * self.columns;
                let (first, columns) = (bound(group), bound(group + 1) - bound(group));
                let (out_here, out_later) = out.split_columns(columns);
                out = out_later;
                pieces.push(Piece {
                    q: queries.columns_from(first, columns),
                    k: keys.columns_from(self.qkv_distance + first, columns),
                    v: keys.columns_from(2 * self.qkv_distance + first, columns),
                    out: out_here,
                });
            }
        }
        pieces
    }
}
