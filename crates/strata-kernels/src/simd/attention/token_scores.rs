//! What a query and a key add to their score by their distance.

use crate::simd::lanes::Lanes;
use crate::token_tables::TokenTables;

/// A block of queries, and a block of keys.
#[derive(Clone, Copy)]
pub struct ScoreBlock {
    /// The first query, counted from the first of all.
    pub first: usize,
    /// Queries.
    pub n: usize,
    /// The first key.
    pub start: usize,
    /// Keys.
    pub keys: usize,
}

/// Adds to the scores of a block, `(keys, W registers)`, what queries and keys add.
///
/// A register of queries gathers its numbers for a key; the queries that don't fill a register look theirs
/// up. Both add the same numbers in the same order.
///
/// # Safety
/// The CPU has the features of `V`, the guarantees of [`TokenTables`] hold, there are these queries, of
/// which `W` registers have room for all, and these keys; `scores` is valid for the rows, and nothing
/// else accesses them.
#[inline(always)]
pub unsafe fn add_token_scores<V: Lanes, const W: usize>(
    tables: &TokenTables,
    block: ScoreBlock,
    scores: *mut f32,
) {
    let ScoreBlock { first, n, start, keys } = block;
    for row in 0..keys {
        for lane in (0..n).step_by(V::N) {
            let (query, key) = (first + lane, start + row);
            // SAFETY: the row and the lanes are among the scores, and each of these lanes is a query of
            // the block.
            unsafe {
                let at = scores.add(row * W * V::N + lane);
                if n - lane >= V::N {
                    gathered(tables, V::load(at), query, key).store(at);
                    continue;
                }
                for lane in 0..n - lane {
                    *at.add(lane) = tables.add(*at.add(lane), query + lane, key);
                }
            }
        }
    }
}

/// The scores of a key and a whole register of queries, with what is added to them.
///
/// # Safety
/// As for [`add_token_scores`].
#[inline(always)]
unsafe fn gathered<V: Lanes>(tables: &TokenTables, scores: V, query: usize, key: usize) -> V {
    let columns = tables.columns_from(query, key);
    let mut sum = scores;
    // SAFETY: the row of each of these queries, and that of the key, has the column of their distance.
    unsafe {
        if let Some(rows) = tables.queries {
            sum = sum.add(V::gather(rows.at(query, 0), columns, rows.stride));
        }
        if let Some(rows) = tables.keys {
            sum = sum.add(V::gather(rows.at(key, 0), columns, 0));
        }
        sum
    }
}
