//! What a query and a key add to their score by their distance.

use crate::arguments::MAX_LANES;
use crate::simd::lanes::{Lanes, StridedRows, load_up_to};
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
/// Where the columns of a block's distances follow each other, as those of near tokens do, a register
/// of queries reads its numbers of a key in one load, and those of the queries by a transposition of
/// their rows. Elsewhere each number is looked up. Both ways add the same numbers in the same order.
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
    // SAFETY: the first and the last query and key are among those of the block, and each key and lane
    // that is looked up is one of them.
    unsafe {
        let lowest = tables.column(first, start + keys - 1);
        let highest = tables.column(first + n - 1, start);
        let looked_up_from = if highest - lowest == keys + n - 2 {
            let whole = keys - keys % V::N;
            add_of_queries::<V, W>(tables, ScoreBlock { keys: whole, ..block }, scores);
            add_of_keys::<V, W>(tables, ScoreBlock { keys: whole, ..block }, scores);
            whole
        } else {
            0
        };
        for key in looked_up_from..keys {
            for lane in (0..n).step_by(V::N) {
                let at = scores.add(key * W * V::N + lane);
                let (query, key) = (first + lane, start + key);
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

/// Adds what the queries add, for whole registers of keys.
///
/// # Safety
/// As for [`add_token_scores`]; the columns of the block's distances follow each other, and its keys are
/// a multiple of the lanes.
#[inline(always)]
unsafe fn add_of_queries<V: Lanes, const W: usize>(
    tables: &TokenTables,
    block: ScoreBlock,
    scores: *mut f32,
) {
    let Some(rows) = tables.queries else { return };
    let ScoreBlock { first, n, start, keys } = block;
    let mut square = [0.0; MAX_LANES * MAX_LANES];
    for key in (0..keys).step_by(V::N) {
        for w in 0..n.div_ceil(V::N) {
            let lane = w * V::N;
            // SAFETY: a row of the square has, for one of the queries, its numbers for the register's
            // keys from the last to the first, and each row begins one column later. These queries and
            // keys exist.
            unsafe {
                let query = first + lane;
                let column = tables.column(query, start + key + V::N - 1);
                let from = StridedRows {
                    first: rows.at(query, column),
                    stride: rows.stride + 1,
                    count: V::N.min(n - lane),
                };
                let to = StridedRows { first: square.as_mut_ptr(), stride: V::N, count: V::N };
                V::transpose(from, to);
                for row in 0..V::N {
                    let at = scores.add((key + V::N - 1 - row) * W * V::N + lane);
                    let added = V::load(square.as_ptr().add(row * V::N));
                    V::load(at).add(added).store(at);
                }
            }
        }
    }
}

/// Adds what the keys add.
///
/// # Safety
/// As for [`add_of_queries`], with any number of keys.
#[inline(always)]
unsafe fn add_of_keys<V: Lanes, const W: usize>(
    tables: &TokenTables,
    block: ScoreBlock,
    scores: *mut f32,
) {
    let Some(rows) = tables.keys else { return };
    let ScoreBlock { first, n, start, keys } = block;
    for key in 0..keys {
        for w in 0..n.div_ceil(V::N) {
            let lane = w * V::N;
            // SAFETY: the key's row has a number for each query of the block, and no more are read.
            unsafe {
                let column = tables.column(first + lane, start + key);
                let added: V = load_up_to(rows.at(start + key, column), n - lane);
                let at = scores.add(key * W * V::N + lane);
                V::load(at).add(added).store(at);
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
