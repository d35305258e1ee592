//! What the places of queries and keys change in their attention scores.

use crate::arguments::Distances;
use crate::distance_bias::DistanceBias;
use crate::token_scores::TokenScores;
use crate::token_tables::TokenTables;

/// Where a sequence's queries are among its keys, and what that changes.
#[derive(Clone, Copy)]
pub struct Positions<'a> {
    /// The place of the first query. Keys have the places from 0 on; queries may come after all of them.
    pub first_query: usize,
    /// What is added to scores.
    pub scores: PositionScores<'a>,
}

/// What is added to the score of a query and a key.
#[derive(Clone, Copy)]
pub enum PositionScores<'a> {
    /// A number for each distance.
    OfDistance(&'a DistanceBias),
    /// A number for each distance and token.
    OfTokens(TokenScores<'a>),
}

impl Positions<'_> {
    /// What distances add to the scores of `n` queries and `t` keys.
    ///
    /// # Panics
    /// A distance is beyond the farthest, or a query has no key within its reach.
    pub(crate) fn distances(&self, n: usize, t: usize) -> Option<Distances> {
        let Self { first_query, scores } = *self;
        match scores {
            PositionScores::OfDistance(bias) => Some(bias.distances(first_query, n, t)),
            PositionScores::OfTokens(_) => None,
        }
    }

    /// What distances and tokens add to the scores of `n` queries and `t` keys.
    ///
    /// # Panics
    /// The queries aren't among the keys, a distance is beyond the farthest, or a table lacks a row or a
    /// column.
    pub(crate) fn tables(&self, n: usize, t: usize) -> Option<TokenTables> {
        match self.scores {
            PositionScores::OfTokens(scores) if n > 0 => {
                let first = self.first_query;
                assert!(first + n <= t, "{n} queries from {first} on among {t} keys");
                Some(scores.tables(first, n, t))
            }
            _ => None,
        }
    }
}
