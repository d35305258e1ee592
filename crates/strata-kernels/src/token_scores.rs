//! Scores of a query and a key that depend on their distance and on one of the two tokens, as in
//! disentangled attention (He et al. 2020, arXiv:2006.03654, section 3.1).

use std::ops::Range;

use crate::arguments::MAX_LANES;
use crate::token_tables::{TableRows, TokenTables};
use crate::view::View;

/// So many that places in as many rows as a register has lanes fit into 31 bits.
const MOST_COLUMNS: usize = (1 << 31) / (MAX_LANES + 1);

/// Which column of a table of scores each distance, `query − key`, has. They never descend.
pub struct DistanceColumns {
    /// Those of `−farthest..=farthest`.
    columns: Vec<u32>,
    farthest: usize,
}

impl DistanceColumns {
    /// `column` of each distance up to `farthest`.
    ///
    /// # Panics
    /// Columns descend.
    pub fn new(farthest: usize, column: impl Fn(isize) -> usize) -> Self {
        let distances = -farthest.cast_signed()..=farthest.cast_signed();
        let columns: Vec<u32> = distances.map(|distance| column(distance) as u32).collect();
        assert!(columns.is_sorted(), "columns descend");
        Self { columns, farthest }
    }

    /// The columns for `queries` queries, the first of which is at place `first_query` among `t` keys.
    ///
    /// # Panics
    /// There are no queries or no keys, or a distance is beyond the farthest.
    pub fn range(&self, first_query: usize, queries: usize, t: usize) -> Range<usize> {
        let places = (first_query + queries).max(t);
        assert!(places <= self.farthest + 1, "{places} places, and {} known", self.farthest + 1);
        let first = self.columns[self.farthest + first_query + 1 - t];
        let last = self.columns[self.farthest + first_query + queries - 1];
        first as usize..last as usize + 1
    }
}

/// A number of each query or key for each distance.
#[derive(Clone, Copy)]
pub struct TokenScores<'a> {
    /// Those of each query, `(n, columns)`.
    pub queries: Option<View<'a>>,
    /// Those of each key, `(t, columns)`.
    pub keys: Option<View<'a>>,
    /// The number of the first column of both.
    pub first_column: usize,
    /// The column of each distance.
    pub columns: &'a DistanceColumns,
}

impl TokenScores<'_> {
    /// For `n` queries, the first of which is at place `first_query` among `t` keys.
    ///
    /// # Panics
    /// A table has another number of rows, lacks a column, or is so wide that places in it don't fit.
    pub(crate) fn tables(&self, first_query: usize, n: usize, t: usize) -> TokenTables {
        let Self { queries, keys, first_column, columns } = *self;
        let range = columns.range(first_query, n, t);
        let table = |view: Option<View<'_>>, rows: usize| {
            view.map(|view| {
                assert_eq!(view.rows(), rows, "rows of scores");
                let end = first_column + view.columns();
                assert!(view.stride() + end <= MOST_COLUMNS, "columns of scores");
                assert!(first_column <= range.start && range.end <= end, "columns of scores");
                let first = view.as_ptr().wrapping_sub(first_column);
                TableRows { first, stride: view.stride() }
            })
        };
        TokenTables {
            first_query,
            queries: table(queries, n),
            keys: table(keys, t),
            columns: columns.columns.as_ptr().wrapping_add(columns.farthest),
        }
    }
}
