//! Which rows a pass has to compute, layer by layer. A pure function of the batch.
//!
//! Sequences lie end to end, those with the deepest taps first, so that the rows of a layer are a
//! prefix of the rows of the layer before. If only the first or last token is read from a
//! sequence's last layer, the sequence comes after those of the same depth that are computed whole,
//! and in that layer only the tokens that are read have queries and feed-forward rows.

use std::cmp::Reverse;
use std::ops::Range;

use crate::model::encoder::PassInput;
use crate::model::recipe::Pooling;
use crate::model::task::{Read, Tap};

/// The rows of one sequence in a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceRows {
    /// The index of the sequence in the batch.
    pub input: usize,
    /// Its first row in the layers before its last.
    pub first: usize,
    /// The number of its tokens, and so of its rows.
    pub tokens: usize,
    /// How many of its first tokens have keys and values that are read.
    pub attended: usize,
    /// The deepest layer that is read from it.
    pub depth: usize,
    /// The tokens that are read from that layer, ascending, if they are few; `None` if it is
    /// computed whole.
    pub last_layer_tokens: Option<Vec<usize>>,
}

/// The sequences of a pass in the order of their rows.
#[derive(Debug)]
pub struct RowLayout {
    sequences: Vec<SequenceRows>,
}

/// The rows of one layer.
#[derive(Debug, PartialEq, Eq)]
pub struct LayerRows<'a> {
    /// The sequences that are computed whole.
    pub whole: &'a [SequenceRows],
    /// The sequences whose last layer this is, and of which few tokens are computed.
    pub partial: &'a [SequenceRows],
    /// Rows of `whole`.
    pub whole_rows: usize,
    /// Rows of `whole` and `partial`: those with keys and values.
    pub rows: usize,
    /// Rows that the layer computes: those of `whole`, then the few of `partial`.
    pub rows_out: usize,
}

impl RowLayout {
    /// Orders the sequences of a batch.
    pub fn new(batch: &[PassInput<'_>]) -> Self {
        let numbered = batch.iter().enumerate();
        let mut sequences: Vec<SequenceRows> =
            numbered.map(|(index, input)| sequence_rows(index, input)).collect();
        sequences.sort_by_key(|sequence| {
            (Reverse(sequence.depth), sequence.last_layer_tokens.is_some())
        });
        let mut first = 0;
        for sequence in &mut sequences {
            sequence.first = first;
            first += sequence.tokens;
        }
        Self { sequences }
    }

    /// Every sequence.
    pub fn sequences(&self) -> &[SequenceRows] {
        &self.sequences
    }

    /// Rows that the embedding stage computes.
    pub fn rows(&self) -> usize {
        self.sequences.last().map_or(0, |last| last.first + last.tokens)
    }

    /// The place in its sequence of the token of each row.
    pub fn places(&self) -> Vec<u32> {
        self.sequences.iter().flat_map(|sequence| 0..sequence.tokens as u32).collect()
    }

    /// The deepest layer that is read from any sequence.
    pub fn depth(&self) -> usize {
        self.sequences.first().map_or(0, |sequence| sequence.depth)
    }

    /// Each sequence of which hidden state `layer` is computed, with its rows there.
    pub fn outputs(&self, layer: usize) -> Vec<(&SequenceRows, Range<usize>)> {
        if layer == 0 {
            let all = self.sequences.iter();
            return all.map(|one| (one, one.first..one.first + one.tokens)).collect();
        }
        self.layer(layer).outputs().collect()
    }

    /// The rows of layer `layer`, counted from 1.
    pub fn layer(&self, layer: usize) -> LayerRows<'_> {
        let remaining = self.sequences.partition_point(|sequence| sequence.depth >= layer);
        let remaining = &self.sequences[..remaining];
        let is_whole = |sequence: &SequenceRows| {
            sequence.depth > layer || sequence.last_layer_tokens.is_none()
        };
        let (whole, partial) = remaining.split_at(remaining.partition_point(is_whole));
        let end = |sequences: &[SequenceRows], before| {
            sequences.last().map_or(before, |last| last.first + last.tokens)
        };
        let whole_rows = end(whole, 0);
        let partial_rows_out: usize = partial.iter().map(partial_rows).sum();
        LayerRows {
            whole,
            partial,
            whole_rows,
            rows: end(partial, whole_rows),
            rows_out: whole_rows + partial_rows_out,
        }
    }
}

impl<'a> LayerRows<'a> {
    /// Each sequence with its rows among those that the layer computes, in their order.
    pub fn outputs(&self) -> impl Iterator<Item = (&'a SequenceRows, Range<usize>)> + use<'a> {
        let whole = self.whole.iter().map(|sequence| (sequence, sequence.tokens));
        let partial = self.partial.iter().map(|sequence| (sequence, partial_rows(sequence)));
        let mut first = 0;
        whole.chain(partial).map(move |(sequence, rows)| {
            first += rows;
            (sequence, first - rows..first)
        })
    }

    /// The moves of the rows of `partial` before their queries are computed, in order: from row, to
    /// row. No row overwrites one that has not been moved yet.
    pub fn moves(&self) -> impl Iterator<Item = (usize, usize)> {
        let rows = |sequence: &SequenceRows| {
            let first = sequence.first;
            let tokens = sequence.last_layer_tokens.iter().flatten();
            tokens.map(move |token| first + token).collect::<Vec<_>>()
        };
        self.partial.iter().flat_map(rows).zip(self.whole_rows..)
    }
}

/// The number of tokens that a sequence's last layer computes, if they are few.
fn partial_rows(sequence: &SequenceRows) -> usize {
    sequence.last_layer_tokens.as_ref().map_or(0, Vec::len)
}

fn sequence_rows(index: usize, input: &PassInput<'_>) -> SequenceRows {
    let depth = input.taps.iter().map(|tap| tap.layer).max().unwrap_or(0);
    let (tokens, attended) = (input.sequence.tokens(), input.sequence.attended());
    let deepest = input.taps.iter().filter(|tap| tap.layer == depth);
    // The embedding stage computes every token anyway.
    let few = if depth == 0 { None } else { deepest.map(|tap| only_token(tap, tokens)).collect() };
    let last_layer_tokens = few.map(|mut tokens: Vec<usize>| {
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    });
    SequenceRows { input: index, first: 0, tokens, attended, depth, last_layer_tokens }
}

/// The token that a tap reads, if it reads only one.
fn only_token(tap: &Tap, tokens: usize) -> Option<usize> {
    match tap.read {
        Read::Pooled(Pooling::Cls) => Some(0),
        Read::Pooled(Pooling::LastToken) => Some(tokens - 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
