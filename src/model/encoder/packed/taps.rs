//! Reading taps off the rows of a hidden state, as each layer is produced.

use rayon::prelude::*;
use strata_kernels::View;

use super::plan::Member;
use crate::model::encoder::Query;
use crate::model::pooling_mask::{PoolingMask, counted_rows};
use crate::model::task::Read;

/// For each query, for each of its taps, what was read.
pub type Answers = Vec<Vec<Vec<f32>>>;

/// Reads what the batch wants of hidden state `layer` from each sequence's rows of it, `(t, c)`, or
/// from those few that the sequence's last layer computes.
pub fn read<'a>(
    layer: usize,
    members: impl Iterator<Item = (&'a Member, View<'a>)>,
    batch: &[Query<'_>],
    answers: &mut Answers,
) {
    let wanted = members.flat_map(|(member, rows)| {
        let taps = batch[member.query].taps.iter().enumerate();
        let here = taps.filter(|(_, tap)| tap.layer == layer);
        here.map(move |(at, tap)| (member.query, rows, at, &tap.read))
    });
    let wanted: Vec<_> = wanted.collect();
    let one = |(query, rows, _, read): &(usize, View<'_>, usize, &Read)| {
        read_one(*rows, read, batch[*query].mask)
    };
    let read: Vec<_> = wanted.par_iter().map(one).collect();
    for ((query, _, at, _), values) in wanted.into_iter().zip(read) {
        answers[query][at] = values;
    }
}

/// Of all rows, or of the few that hold the first token, the last, or both in this order.
fn read_one(rows: View<'_>, read: &Read, mask: Option<&PoolingMask>) -> Vec<f32> {
    match read {
        Read::Rows => {
            counted_rows(rows.rows(), mask).flat_map(|(row, _)| rows.row(row)).copied().collect()
        }
        Read::Pooled(pooling) => pooling.pool(rows, mask),
        Read::Projected(projection) => projection.project(rows, mask),
    }
}
