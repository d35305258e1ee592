//! Reads taps from the rows of a hidden state, as soon as its layer is computed.

use rayon::prelude::*;
use strata_kernels::View;

use super::row_layout::SequenceRows;
use crate::model::encoder::PassInput;
use crate::model::pooling_mask::counted_rows;
use crate::model::task::{Read, TapValues};

/// A tap to read, and the rows to read it from.
struct TapRows<'a> {
    /// The index of the sequence in the batch.
    input: usize,
    /// The index of the tap among those of the sequence.
    tap: usize,
    read: &'a Read,
    rows: View<'a>,
}

/// Reads those taps of the batch that read hidden state `layer`. `sequences` gives each sequence
/// with its rows, `(t, c)`, or only those that its last layer computes.
pub fn read<'a>(
    layer: usize,
    sequences: impl Iterator<Item = (&'a SequenceRows, View<'a>)>,
    batch: &'a [PassInput<'a>],
    values: &mut [TapValues],
) {
    let taps = sequences.flat_map(|(sequence, rows)| {
        let taps = batch[sequence.input].taps.iter().enumerate();
        let here = taps.filter(|(_, tap)| tap.layer == layer);
        here.map(move |(index, tap)| TapRows {
            input: sequence.input,
            tap: index,
            read: &tap.read,
            rows,
        })
    });
    let taps: Vec<TapRows<'_>> = taps.collect();
    let read_tap = |tap: &TapRows<'_>| read_rows(tap.rows, tap.read, &batch[tap.input]);
    let numbers: Vec<Vec<f32>> = taps.par_iter().map(read_tap).collect();
    for (tap, numbers) in taps.iter().zip(numbers) {
        values[tap.input].by_tap[tap.tap] = numbers;
    }
}

/// One tap of one sequence. `rows` are all of its rows, or only those of the first token, the last
/// one, or both in this order.
fn read_rows(rows: View<'_>, read: &Read, input: &PassInput<'_>) -> Vec<f32> {
    let mask = input.mask_of(read);
    match read {
        Read::Rows => {
            counted_rows(rows.rows(), mask).flat_map(|(row, _)| rows.row(row)).copied().collect()
        }
        Read::Pooled(pooling) | Read::PooledWithoutPrompt(pooling) => pooling.pool(rows, mask),
        Read::Projected(projection) => projection.project(rows, mask),
        Read::Tagged(tagger) => tagger.tap(rows, mask),
        Read::Sparse(head) => head.row(rows, &input.sequence.ids, mask),
        Read::Vectors(head, role) => head.vectors(rows, &input.sequence.ids, *role, mask),
    }
}
