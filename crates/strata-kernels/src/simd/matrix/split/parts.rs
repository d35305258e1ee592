//! Numbers in three parts.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use crate::simd::lanes::{Parts, load_up_to};
use crate::simd::matrix::interleaved::Interleaved;
use crate::simd::matrix::{CHUNK, COLUMNS, PARTS, TILE, TILE_WORDS};

/// Words of a chunk of the right side.
pub const RIGHT_WORDS: usize = PARTS * COLUMNS / TILE * TILE_WORDS;

/// A row is split if the squares of its numbers, two at a time, add up to less.
const SQUARES: f32 = 1e36;

/// The parts of `CHUNKS` chunks of weights.
#[repr(align(64))]
pub struct Weights<const CHUNKS: usize>([[MaybeUninit<u32>; RIGHT_WORDS]; CHUNKS]);

impl<const CHUNKS: usize> Weights<CHUNKS> {
    #[inline(always)]
    pub fn new() -> Self {
        Self([[MaybeUninit::uninit(); RIGHT_WORDS]; CHUNKS])
    }

    #[inline(always)]
    pub fn as_ptr(&self) -> *const u32 {
        self.0.as_ptr().cast()
    }

    #[inline(always)]
    pub fn as_mut_ptr(&mut self) -> *mut u32 {
        self.0.as_mut_ptr().cast()
    }
}

/// The splitting of a panel's f32 numbers, `[step][column]`, into the tiles `[chunk][part][tile of
/// columns][step][column]`. A word has numbers 16 steps apart, as on the left side.
pub struct Splitting<'a, V> {
    from: *const f32,
    to: *mut u32,
    /// Lines of words of each part and tile that are left.
    lines: usize,
    at_a_time: usize,
    types: PhantomData<(&'a mut [u32], V)>,
}

impl<'a, V: Parts> Splitting<'a, V> {
    /// The `chunks` chunks at `from`, in `steps` steps.
    #[inline(always)]
    pub fn new<const CHUNKS: usize>(
        from: *const f32,
        chunks: usize,
        to: &'a mut Weights<CHUNKS>,
        steps: usize,
    ) -> Self {
        debug_assert!(chunks <= CHUNKS);
        let lines = chunks * TILE;
        let at_a_time = lines.div_ceil(steps);
        Self { from, to: to.as_mut_ptr(), lines, at_a_time, types: PhantomData }
    }

    /// Splits what is left.
    ///
    /// # Safety
    /// The CPU has the features of `V`; `from` is valid for the chunks.
    #[inline(always)]
    pub unsafe fn finish(&mut self) {
        // SAFETY: the caller guarantees it.
        unsafe { self.split(self.lines) }
    }

    /// Splits up to `count` lines.
    ///
    /// # Safety
    /// As for [`finish`](Self::finish).
    #[inline(always)]
    unsafe fn split(&mut self, count: usize) {
        for _ in 0..count.min(self.lines) {
            // SAFETY: the chunk has this step and the one 16 steps later, and each of its tiles a
            // line for them.
            unsafe { split_line::<V>(self.from, self.to) }
            self.lines -= 1;
            // After the last line of a tile, the next chunk.
            let is_last = self.lines.is_multiple_of(TILE);
            let (from, to) =
                if is_last { (TILE + 1, RIGHT_WORDS - TILE_WORDS + TILE) } else { (1, TILE) };
            self.from = self.from.wrapping_add(from * COLUMNS);
            self.to = self.to.wrapping_add(to);
        }
    }
}

/// Splits the numbers of a step and of the one 16 steps later to a line of each part and tile.
///
/// # Safety
/// The CPU has the features of `V`; `from` is valid for both steps, `to` for the lines.
#[inline(always)]
pub unsafe fn split_line<V: Parts>(from: *const f32, to: *mut u32) {
    const { assert!(V::N == TILE) };
    for tile in 0..COLUMNS / TILE {
        // SAFETY: the caller guarantees it.
        unsafe {
            let from = from.add(tile * TILE);
            let parts = weight_parts(V::load(from), V::load(from.add(TILE * COLUMNS)));
            let to = to.add(tile * TILE_WORDS);
            for (part, words) in parts.iter().enumerate() {
                words.store(to.add(part * (RIGHT_WORDS / PARTS)).cast());
            }
        }
    }
}

impl<V: Parts> Interleaved for Splitting<'_, V> {
    #[inline(always)]
    unsafe fn step(&mut self) {
        // SAFETY: who made it guarantees the features and the numbers.
        unsafe { self.split(self.at_a_time) }
    }
}

/// Splits a row of `n` numbers into lines of 16 words: part `p` of chunk `c` is at
/// `to + (c · PARTS + p) · TILE_WORDS`. Numbers beyond `n` are 0. Returns whether the row has to be
/// computed by FMA instead.
///
/// # Safety
/// The CPU has the features of `V`; `from` is valid for `n` numbers, `to` for the lines.
#[inline(always)]
pub unsafe fn split_row<V: Parts>(from: *const f32, n: usize, to: *mut u32) -> bool {
    let mut by_fma = false;
    for (chunk, first) in (0..n).step_by(CHUNK).enumerate() {
        for word in (0..TILE).step_by(V::N) {
            // SAFETY: what is read is among the `n` numbers, and what is written among the lines.
            unsafe {
                let at = first + word;
                let low = load_up_to::<V>(from.wrapping_add(at), n.saturating_sub(at));
                let at = at + TILE;
                let high = load_up_to::<V>(from.wrapping_add(at), n.saturating_sub(at));
                mark(low, high, &raw mut by_fma);
                let parts = parts(low, high);
                for (part, words) in parts.iter().enumerate() {
                    words.store(to.add((chunk * PARTS + part) * TILE_WORDS + word).cast());
                }
            }
        }
    }
    by_fma
}

/// Marks a row if some of its numbers are too large to be split, or not finite.
///
/// # Safety
/// The CPU has the features of `V`; `by_fma` is the mark of the row.
#[inline(always)]
pub unsafe fn mark<V: Parts>(low: V, high: V, by_fma: *mut bool) {
    // SAFETY: the caller guarantees the features and the mark.
    unsafe { *by_fma |= !low.mul_add(low, high.mul(high)).all_below(SQUARES) }
}

/// The parts of two registers of numbers, each with `low` in the lower halves of its words and
/// `high` in the upper halves. Of a number that is not finite the other parts are 0.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
pub unsafe fn parts<V: Parts>(low: V, high: V) -> [V; PARTS] {
    // SAFETY: the caller guarantees the features.
    unsafe { rest_parts(low, high, low.rest(), high.rest()) }
}

/// [`parts`] of weights: one that is not finite gives NaN.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
unsafe fn weight_parts<V: Parts>(low: V, high: V) -> [V; PARTS] {
    // SAFETY: the caller guarantees the features.
    unsafe { rest_parts(low, high, low.sub(low.cut()), high.sub(high.cut())) }
}

/// The parts of two registers of numbers, of which `low_1` and `high_1` are what remains after the
/// first part.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
unsafe fn rest_parts<V: Parts>(low: V, high: V, low_1: V, high_1: V) -> [V; PARTS] {
    // SAFETY: the caller guarantees the features.
    unsafe {
        let (low_2, high_2) = (low_1.sub(low_1.cut()), high_1.sub(high_1.cut()));
        [low.upper_halves(high), low_1.upper_halves(high_1), low_2.upper_halves(high_2)]
    }
}
