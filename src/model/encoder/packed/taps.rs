//! Reads taps from the rows of a hidden state, as soon as each layer is computed.

use rayon::prelude::*;
use strata_kernels::View;

use super::row_layout::SequenceRows;
use crate::model::encoder::{Query, TapValues};
use crate::model::pooling_mask::{PoolingMask, counted_rows};
use crate::model::task::Read;

/// Reads what the batch's taps want from hidden state `layer`. `sequences` gives each sequence with
/// its rows, `(t, c)`, or only those that its last layer computes.
pub fn read<'a>(
    layer: usize,
    sequences: impl Iterator<Item = (&'a SequenceRows, View<'a>)>,
    batch: &[Query<'_>],
    values: &mut TapValues,
) {
    let wanted = sequences.flat_map(|(sequence, rows)| {
        let taps = batch[sequence.query].taps.iter().enumerate();
        let here = taps.filter(|(_, tap)| tap.layer == layer);
        here.map(move |(at, tap)| (sequence.query, rows, at, &tap.read))
    });
    let wanted: Vec<_> = wanted.collect();
    let one = |(query, rows, _, read): &(usize, View<'_>, usize, &Read)| {
        read_one(*rows, read, batch[*query].mask)
    };
    let read: Vec<_> = wanted.par_iter().map(one).collect();
    for ((query, _, at, _), numbers) in wanted.into_iter().zip(read) {
        values[query][at] = numbers;
    }
}

/// One tap of one sequence. `rows` are all of its rows, or only those of the first token, the last
/// one, or both in this order.
fn read_one(rows: View<'_>, read: &Read, mask: Option<&PoolingMask>) -> Vec<f32> {
    match read {
        Read::Rows => {
            counted_rows(rows.rows(), mask).flat_map(|(row, _)| rows.row(row)).copied().collect()
        }
        Read::Pooled(pooling) => pooling.pool(rows, mask),
        Read::Projected(projection) => projection.project(rows, mask),
    }
}
