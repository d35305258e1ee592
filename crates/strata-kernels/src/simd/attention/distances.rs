//! What the distance of a query and a key adds to their score.

use crate::arguments::{AttentionArguments, Distances};
use crate::simd::lanes::Lanes;

/// Numbers that exclude a key are far below this, and those that don't are 0.
const FLOOR: f32 = -1.0;

/// The numbers for a block of queries: a register's lanes are consecutive queries, and so are their
/// distances to a key.
#[derive(Clone, Copy)]
pub struct BlockDistances {
    /// That of the first query to the first key.
    first: *const f32,
    /// Whether keys may be too far away.
    pub excludes: bool,
}

impl BlockDistances {
    /// Those of the queries from `first` on to the keys from `start` on.
    #[inline(always)]
    pub fn new(arguments: &AttentionArguments, first: usize, start: usize) -> Option<Self> {
        arguments.distances.map(|Distances { first_query, bias, reach }| Self {
            first: bias.wrapping_add(first_query + first).wrapping_sub(start),
            excludes: reach.is_some(),
        })
    }

    /// The numbers of key `key` for register `w` of queries.
    ///
    /// # Safety
    /// The CPU has the features of `V`, the guarantees of [`Distances`] hold, and the block has this
    /// key and this register.
    #[inline(always)]
    unsafe fn load<V: Lanes>(self, key: usize, w: usize) -> V {
        // SAFETY: the caller guarantees that there are numbers for these distances.
        unsafe { V::load(self.first.wrapping_sub(key).wrapping_add(w * V::N)) }
    }

    /// Adds the numbers to the scores `(keys, W registers)`.
    ///
    /// # Safety
    /// As for [`load`](Self::load); `scores` is valid for the rows, and nothing else accesses them.
    #[inline(always)]
    pub unsafe fn add<V: Lanes, const W: usize>(self, scores: *mut f32, keys: usize) {
        for key in 0..keys {
            for w in 0..W {
                let at = scores.wrapping_add((key * W + w) * V::N);
                // SAFETY: the row and the register are among the scores; the caller guarantees the rest.
                unsafe { V::load(at).add(self.load::<V>(key, w)).store(at) }
            }
        }
    }

    /// 1 for each query that key `key` is near enough to, 0 for the others.
    ///
    /// # Safety
    /// As for [`load`](Self::load).
    #[inline(always)]
    pub unsafe fn kept<V: Lanes>(self, key: usize, w: usize) -> V {
        // SAFETY: the caller guarantees it.
        unsafe { V::splat(FLOOR).max(self.load::<V>(key, w)).add(V::splat(1.0)) }
    }
}
