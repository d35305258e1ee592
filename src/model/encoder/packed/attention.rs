//! Attention of a layer, sequence by sequence. If there are few sequences, their attention heads
//! are split between the threads.

use rayon::prelude::*;
use strata_kernels::{Dtype, Kernels, PositionScores, Positions, View, ViewMut};

use super::positions::LayerPositions;
use super::row_layout::{LayerRows, SequenceRows};
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

/// Some attention heads of a sequence, and queries that follow each other.
struct Piece<'a> {
    first_head: usize,
    /// The place of the first query in the sequence; 0 if places don't matter.
    first_query: usize,
    qkv: [View<'a>; 3],
    out: ViewMut<'a>,
}

/// Attention of a layer.
pub struct Attention<'a> {
    pub kernels: Kernels,
    pub dtype: Dtype,
    pub heads: AttentionHeads,
    /// What positions change in the layer.
    pub positions: &'a LayerPositions,
    pub scratch: &'a ScratchPool<ThreadScratch>,
}

impl Attention<'_> {
    /// Queries, keys and values, `(rows, 3·qkv_distance)` → context, `(rows_out, count·d)`.
    pub fn compute(&self, layer_rows: &LayerRows<'_>, qkv: View<'_>, context: ViewMut<'_>) {
        let Self { kernels, dtype, heads, positions, scratch } = *self;
        let pieces = heads.pieces(layer_rows, positions, qkv, context);
        pieces.into_par_iter().with_max_len(1).for_each(|mut piece| {
            scratch.with(|ThreadScratch { attention, relative, .. }| {
                let mut rest = piece.out.reborrow();
                for (index, first) in (0..rest.columns()).step_by(heads.columns).enumerate() {
                    let (out, others) = rest.split_columns(heads.columns);
                    let qkv = piece.qkv.map(|view| view.columns_from(first, heads.columns));
                    let (head, first_query) = (piece.first_head + index, piece.first_query);
                    let of_distance = positions
                        .biases
                        .as_ref()
                        .map(|biases| PositionScores::OfDistance(&biases[head % biases.len()]));
                    let of_tokens = positions.relative.as_ref().and_then(|layer| {
                        let tokens = [qkv[0], qkv[1]];
                        layer.scores(kernels, head, first_query, tokens, relative)
                    });
                    let scores = of_distance.or(of_tokens.map(PositionScores::OfTokens));
                    let places = scores.map(|scores| Positions { first_query, scores });
                    kernels.attention(dtype, qkv, places, out, attention);
                    rest = others;
                }
            });
        });
    }
}

impl AttentionHeads {
    fn pieces<'a>(
        self,
        layer_rows: &LayerRows<'_>,
        positions: &LayerPositions,
        qkv: View<'a>,
        context: ViewMut<'a>,
    ) -> Vec<Piece<'a>> {
        let sequences = (layer_rows.whole.len() + layer_rows.partial.len()).max(1);
        let groups =
            (PIECES_PER_THREAD * rayon::current_num_threads()).div_ceil(sequences).min(self.count);
        let mut pieces = Vec::with_capacity(sequences * groups);
        let mut rest = context;
        for (sequence, rows_out) in layer_rows.outputs() {
            let keys = qkv.rows_from(sequence.first, sequence.attended);
            let mut first_row = rows_out.start;
            for Run { first_query, reaching, beyond } in runs(sequence, rows_out.len(), positions) {
                let (mut out, others) = rest.split_rows(reaching);
                let (mut without_keys, others) = others.split_rows(beyond);
                rest = others;
                (0..beyond).for_each(|row| without_keys.row_mut(row).fill(0.0));
                let queries = qkv.rows_from(first_row, reaching);
                first_row += reaching + beyond;
                if reaching == 0 {
                    continue;
                }
                for group in 0..groups {
                    let bound = |group: usize| group * self.count / groups;
                    let first_head = bound(group);
                    let columns = (bound(group + 1) - first_head) * self.columns;
                    let (out_here, out_later) = out.split_columns(columns);
                    out = out_later;
                    let first = first_head * self.columns;
                    pieces.push(Piece {
                        first_head,
                        first_query,
                        qkv: [
                            queries.columns_from(first, columns),
                            keys.columns_from(self.qkv_distance + first, columns),
                            keys.columns_from(2 * self.qkv_distance + first, columns),
                        ],
                        out: out_here,
                    });
                }
            }
        }
        pieces
    }
}

/// Queries of a sequence that follow each other.
struct Run {
    /// The place of the first one.
    first_query: usize,
    /// How many have a key within reach.
    reaching: usize,
    /// How many come after these, and have none: their context is 0.
    beyond: usize,
}

/// The queries of a sequence. They are one run if places don't matter.
fn runs(sequence: &SequenceRows, queries: usize, positions: &LayerPositions) -> Vec<Run> {
    let end = positions.reach.map_or(usize::MAX, |reach| sequence.attended + reach);
    let run = |first_query: usize, count: usize| {
        let reaching = count.min(end.saturating_sub(first_query));
        Run { first_query, reaching, beyond: count - reaching }
    };
    match &sequence.last_layer_tokens {
        Some(tokens) if positions.change_scores() && queries < sequence.tokens => {
            tokens.iter().map(|&token| run(token, 1)).collect()
        }
        _ => vec![run(0, queries)],
    }
}
