//! Which rows a pass has to compute, layer by layer: plain data from plain data.
//!
//! Sequences lie end to end, those that go deepest first, so that the rows of a layer are a prefix
//! of the rows of the layer before. A sequence whose last layer is read at its first or last token
//! alone comes after those of its depth that are read whole; there only the tokens that are read
//! have queries and a feed-forward row.

use std::cmp::Reverse;
use std::ops::Range;

use crate::model::encoder::Query;
use crate::model::recipe::Pooling;
use crate::model::task::{Read, Tap};

/// A sequence's place in a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its number among the queries.
    pub query: usize,
    /// Its first row, of `tokens`, until its last layer.
    pub first: usize,
    /// Its tokens.
    pub tokens: usize,
    /// The deepest layer that is read of it.
    pub depth: usize,
    /// The tokens that are read at that layer, ascending, where those are few.
    pub few: Option<Vec<usize>>,
}

/// The sequences of a pass in the order of their rows.
#[derive(Debug)]
pub struct Plan {
    members: Vec<Member>,
}

/// The rows of one layer.
#[derive(Debug, PartialEq, Eq)]
pub struct LayerPlan<'a> {
    /// Computed whole.
    pub whole: &'a [Member],
    /// Computed for the last time, at a few tokens.
    pub few: &'a [Member],
    /// Rows of `whole`.
    pub whole_rows: usize,
    /// Rows of both that keys and values are made of.
    pub rows: usize,
    /// Rows that come out: those of `whole`, then the few.
    pub rows_out: usize,
}

impl Plan {
    /// Orders the sequences of a batch.
    pub fn new(batch: &[Query<'_>]) -> Self {
        let mut members: Vec<Member> = batch.iter().enumerate().map(member).collect();
        members.sort_by_key(|member| (Reverse(member.depth), member.few.is_some()));
        let mut first = 0;
        for member in &mut members {
            member.first = first;
            first += member.tokens;
        }
        Self { members }
    }

    /// Every sequence.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Rows of the embedding output.
    pub fn rows(&self) -> usize {
        self.members.last().map_or(0, |last| last.first + last.tokens)
    }

    /// The deepest layer that is read of any.
    pub fn depth(&self) -> usize {
        self.members.first().map_or(0, |member| member.depth)
    }

    /// Each sequence that hidden state `layer` is computed of, with its rows there.
    pub fn out(&self, layer: usize) -> Vec<(&Member, Range<usize>)> {
        if layer == 0 {
            let all = self.members.iter();
            return all.map(|one| (one, one.first..one.first + one.tokens)).collect();
        }
        self.layer(layer).out().collect()
    }

    /// What layer `layer`, counted from 1, has to compute.
    pub fn layer(&self, layer: usize) -> LayerPlan<'_> {
        let goes_on = self.members.partition_point(|member| member.depth >= layer);
        let is_whole = |member: &Member| member.depth > layer || member.few.is_none();
        let (whole, few) =
            self.members[..goes_on].split_at(self.members[..goes_on].partition_point(is_whole));
        let end = |members: &[Member], before| {
            members.last().map_or(before, |last: &Member| last.first + last.tokens)
        };
        let whole_rows = end(whole, 0);
        let picked: usize = few.iter().filter_map(|member| member.few.as_ref()).map(Vec::len).sum();
        LayerPlan {
            whole,
            few,
            whole_rows,
            rows: end(few, whole_rows),
            rows_out: whole_rows + picked,
        }
    }
}

impl<'a> LayerPlan<'a> {
    /// Each sequence with its rows among those that come out, in their order.
    pub fn out(&self) -> impl Iterator<Item = (&'a Member, Range<usize>)> + use<'a> {
        let mut first = 0;
        let few = self.few.iter().map(|member| (member, member.few.as_ref().map_or(0, Vec::len)));
        self.whole.iter().map(|member| (member, member.tokens)).chain(few).map(
            move |(member, rows)| {
                first += rows;
                (member, first - rows..first)
            },
        )
    }

    /// From where to where the few rows move before their queries are made; none moves over one
    /// that is still to move.
    pub fn moves(&self) -> impl Iterator<Item = (usize, usize)> {
        let picked = |member: &Member| {
            let first = member.first;
            member.few.iter().flatten().map(move |token| first + token).collect::<Vec<_>>()
        };
        self.few.iter().flat_map(picked).zip(self.whole_rows..)
    }
}

fn member((query, of): (usize, &Query<'_>)) -> Member {
    let depth = of.taps.iter().map(|tap| tap.layer).max().unwrap_or(0);
    let tokens = of.sequence.tokens();
    let deepest = of.taps.iter().filter(|tap| tap.layer == depth);
    // The embedding stage has nothing to save.
    let few = if depth == 0 { None } else { deepest.map(|tap| token_of(tap, tokens)).collect() };
    let few = few.map(|mut tokens: Vec<usize>| {
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    });
    Member { query, first: 0, tokens, depth, few }
}

/// The one token that a tap reads, if it is one.
fn token_of(tap: &Tap, tokens: usize) -> Option<usize> {
    match tap.read {
        Read::Pooled(Pooling::Cls) => Some(0),
        Read::Pooled(Pooling::LastToken) => Some(tokens - 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
