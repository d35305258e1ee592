//! Reads taps from the rows of a hidden state, as soon as its layer is computed.

use rayon::prelude::*;
use strata_kernels::View;

use super::row_layout::SequenceRows;
use crate::model::encoder::PassInput;
use crate::model::pooling_mask::counted_rows;
use crate::model::sparse::SparseInput;
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
    read_sparse(&taps, batch, values);
}

/// Reads the sparse rows of all sequences together.
fn read_sparse<'a>(taps: &[TapRows<'a>], batch: &'a [PassInput<'a>], values: &mut [TapValues]) {
    let head_of = |tap: &TapRows<'a>| match tap.read {
        Read::Sparse(head) => Some(head),
        _ => None,
    };
    let mut rest: Vec<&TapRows<'a>> = taps.iter().filter(|tap| head_of(tap).is_some()).collect();
    while let Some(head) = rest.first().and_then(|tap| head_of(tap)) {
        let (own, others): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|tap| head_of(tap) == Some(head));
        let text = |tap: &&TapRows<'a>| {
            let input: &'a PassInput<'a> = &batch[tap.input];
            SparseInput { rows: tap.rows, ids: &input.sequence.ids, mask: input.mask_of(tap.read) }
        };
        let texts: Vec<SparseInput<'a>> = own.iter().map(text).collect();
        for (tap, row) in own.iter().zip(head.rows(&texts)) {
            values[tap.input].by_tap[tap.tap] = row;
        }
        rest = others;
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
        // Read together, see `read_sparse`.
        Read::Sparse(_) => Vec::new(),
        Read::Vectors(head, role) => head.vectors(rows, &input.sequence.ids, *role, mask),
    }
}
