//! The scratch memory of attention on a matrix unit.

use crate::arguments::{AttentionArguments, LINE_BYTES, QUERIES};
use crate::simd::matrix::{CHUNK, TILE_WORDS};

/// Keys per block: after each block the running maximum is corrected.
pub const KEYS: usize = 128;

/// The parts of the scratch memory, each aligned to a line, in words.
pub struct Scratch {
    /// `[tile of keys][chunk of d][key][word]`
    pub keys: *mut f32,
    /// `[tile of d][chunk of keys][column of d][word]`
    pub values: *mut f32,
    /// `[chunk of d][tile of queries][step][query]`
    pub queries: *mut f32,
    /// `(KEYS, queries)`
    pub scores: *mut f32,
    /// `[chunk of keys][tile of queries][step][query]`
    pub powers: *mut f32,
    /// `(d, queries)`
    pub output: *mut f32,
    /// A tile before it is transposed.
    pub tile: *mut f32,
}

/// Words of the parts of [`Scratch`], in its order.
const fn parts(t: usize, d: usize) -> [usize; 7] {
    let (t, d) = (t.next_multiple_of(CHUNK), d.next_multiple_of(CHUNK));
    [
        t * d / 2,
        t * d / 2,
        d / 2 * QUERIES,
        KEYS * QUERIES,
        KEYS / 2 * QUERIES,
        d * QUERIES,
        TILE_WORDS,
    ]
}

/// Words of scratch that attention needs, including those that align it.
pub fn attention_scratch(t: usize, d: usize) -> usize {
    parts(t, d).into_iter().sum::<usize>() + LINE_BYTES / size_of::<u32>()
}

impl Scratch {
    /// # Safety
    /// The guarantees of [`AttentionArguments`] hold.
    #[inline(always)]
    pub unsafe fn new(arguments: &AttentionArguments) -> Self {
        let AttentionArguments { t, d, scratch, .. } = *arguments;
        let mut next = scratch.wrapping_add(scratch.align_offset(LINE_BYTES));
        let [keys, values, queries, scores, powers, output, tile] = parts(t, d).map(|words| {
            let first = next;
            next = next.wrapping_add(words);
            first
        });
        Self { keys, values, queries, scores, powers, output, tile }
    }
}
