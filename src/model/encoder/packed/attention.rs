//! Attention of a layer: each sequence by itself, its heads shared out where sequences are few.

use rayon::prelude::*;
use strata_kernels::{Dtype, Kernels, View, ViewMut};

use super::plan::LayerPlan;
use super::scratch::{Shelf, Worker};

/// Pieces of work a thread, so that they come out even where sequences are of unlike length.
const PIECES: usize = 4;

/// Where a layer's heads are.
#[derive(Clone, Copy)]
pub struct Heads {
    /// How many.
    pub count: usize,
    /// Columns of one, `d`.
    pub columns: usize,
    /// From the first column of the queries to that of the keys, and from there to the values.
    pub apart: usize,
}

/// Some heads of a sequence.
struct Piece<'a> {
    q: View<'a>,
    k: View<'a>,
    v: View<'a>,
    out: ViewMut<'a>,
}

/// Queries, keys and values, `(rows, 3·apart)` → context, `(rows_out, count·d)`.
pub fn attention(
    (kernels, dtype): (Kernels, Dtype),
    heads: Heads,
    plan: &LayerPlan<'_>,
    qkv: View<'_>,
    context: ViewMut<'_>,
    workers: &Shelf<Worker>,
) {
    pieces(heads, plan, qkv, context).into_par_iter().with_max_len(1).for_each(|mut piece| {
        workers.lend(|worker| {
            let mut rest = piece.out.reborrow();
            for first in (0..rest.columns()).step_by(heads.columns) {
                let (out, others) = rest.split_columns(heads.columns);
                let [q, k, v] =
                    [piece.q, piece.k, piece.v].map(|view| view.columns_from(first, heads.columns));
                kernels.attention(dtype, q, k, v, out, &mut worker.attention);
                rest = others;
            }
        });
    });
}

fn pieces<'a>(
    heads: Heads,
    plan: &LayerPlan<'_>,
    qkv: View<'a>,
    context: ViewMut<'a>,
) -> Vec<Piece<'a>> {
    let sequences = (plan.whole.len() + plan.few.len()).max(1);
    let groups = (PIECES * rayon::current_num_threads()).div_ceil(sequences).min(heads.count);
    let mut pieces = Vec::with_capacity(sequences * groups);
    let mut rest = context;
    for (member, rows_out) in plan.out() {
        let (mut out, others) = rest.split_rows(rows_out.len());
        rest = others;
        let queries = qkv.rows_from(rows_out.start, rows_out.len());
        let keys = qkv.rows_from(member.first, member.tokens);
        for group in 0..groups {
            let bound = |group: usize| group * heads.count / groups * heads.columns;
            let (first, columns) = (bound(group), bound(group + 1) - bound(group));
            let (out_here, out_later) = out.split_columns(columns);
            out = out_later;
            pieces.push(Piece {
                q: queries.columns_from(first, columns),
                k: keys.columns_from(heads.apart + first, columns),
                v: keys.columns_from(2 * heads.apart + first, columns),
                out: out_here,
            });
        }
    }
    pieces
}
