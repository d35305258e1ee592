//! Prefetches rows that attention is about to read and to write.
//!
//! The rows of one attention head are short and far apart, so that the processor's own prefetching
//! doesn't find them.

use std::ops::Range;

use super::operands::{Operands, RegisterOf};
use crate::arguments::AttentionArguments;
use crate::simd::dot::{Dot, Prefetching};
use crate::simd::lanes::Lanes;

/// The rows that a block of queries prefetches, a few of them after each tile of keys: of queries,
/// keys and values those of the next attention head, and its own rows of the output.
pub struct Upcoming {
    inputs: Range<usize>,
    inputs_per_tile: usize,
    outputs: Range<usize>,
    outputs_per_tile: usize,
}

impl Upcoming {
    /// Those of the block of the queries `first..first + n`, which is one of as many queries as fit
    /// into two registers.
    #[inline(always)]
    pub fn new<O: Operands>(arguments: &AttentionArguments, first: usize, n: usize) -> Self {
        let AttentionArguments { queries, kv_stride, t, d, .. } = *arguments;
        let queries_per_block = 2 * RegisterOf::<O>::N;
        let (block, blocks) = (first / queries_per_block, queries.div_ceil(queries_per_block));
        let tiles = t.div_ceil(O::Dot::TILE_ROWS);
        // Rows without a gap belong to one attention head.
        let rows = if kv_stride < 2 * d { 0 } else { t };
        let inputs = block * rows / blocks..(block + 1) * rows / blocks;
        Self {
            inputs_per_tile: inputs.len().div_ceil(tiles),
            inputs,
            outputs: first..first + n,
            outputs_per_tile: n.div_ceil(tiles),
        }
    }

    /// Prefetches as many rows as one tile should. Of each register it is the last number's cache
    /// line: if rows aren't aligned to cache lines, the line of the first number is one that the
    /// attention head before has used.
    ///
    /// # Safety
    /// The CPU has the features of `O`.
    #[inline(always)]
    pub unsafe fn prefetch<O: Operands>(&mut self, arguments: &AttentionArguments) {
        if !matches!(O::Dot::PREFETCHING, Prefetching::Thorough) {
            return;
        }
        let AttentionArguments { q, q_stride, k, v, kv_stride, out, out_stride, d, .. } =
            *arguments;
        let n = RegisterOf::<O>::N;
        for row in self.inputs.by_ref().take(self.inputs_per_tile) {
            for last in (d + n - 1..2 * d).step_by(n) {
                // SAFETY: the caller guarantees the features; any address may be prefetched.
                unsafe {
                    RegisterOf::<O>::prefetch(q.wrapping_add(row * q_stride + last));
                    RegisterOf::<O>::prefetch(k.wrapping_add(row * kv_stride + last));
                    RegisterOf::<O>::prefetch(v.wrapping_add(row * kv_stride + last));
                }
            }
        }
        for row in self.outputs.by_ref().take(self.outputs_per_tile) {
            for last in (n - 1..d).step_by(n) {
                // SAFETY: as above.
                unsafe { O::Dot::prefetch_output(out.wrapping_add(row * out_stride + last)) }
            }
        }
    }
}
