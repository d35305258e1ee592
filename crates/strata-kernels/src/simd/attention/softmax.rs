//! The running softmax.

use super::distances::BlockDistances;
use crate::simd::functions::{exp2, exp2_rounded};
use crate::simd::lanes::Lanes;

/// How powers are stored.
pub trait StorePowers<V> {
    /// Whether powers within 8e-5 are good enough, since they are rounded to bf16.
    const APPROXIMATE: bool = false;

    /// Stores the powers of keys `2 · pair` and `2 · pair + 1` of register `w` of `W`.
    ///
    /// # Safety
    /// The CPU has the features of `V`; `to` is valid for the powers of all keys up to these.
    unsafe fn store_pair<const W: usize>(powers: [V; 2], pair: usize, w: usize, to: *mut f32);
}

/// The maximum of one register's scores over all keys.
///
/// # Safety
/// The CPU has the features of `V`; `scores` is valid for a register in each of `keys` rows of `W`
/// registers; `keys` is at least 1.
#[inline(always)]
unsafe fn maximum<V: Lanes, const W: usize>(scores: *const f32, keys: usize) -> V {
    // SAFETY: the caller guarantees the rows, and every index is below `keys`.
    unsafe {
        // Four maxima, so that an operation does not wait for the one before.
        let mut maxs = [V::load(scores); 4];
        let whole = keys - keys % 4;
        for key in (0..whole).step_by(4) {
            for (at, max) in maxs.iter_mut().enumerate() {
                *max = max.max(V::load(scores.add((key + at) * W * V::N)));
            }
        }
        for key in whole..keys {
            maxs[0] = maxs[0].max(V::load(scores.add(key * W * V::N)));
        }
        maxs[0].max(maxs[1]).max(maxs[2].max(maxs[3]))
    }
}

/// `2^x` as `P` needs it.
///
/// # Safety
/// The CPU has the features of `V`.
#[inline(always)]
unsafe fn power<V: Lanes, P: StorePowers<V>>(x: V) -> V {
    // SAFETY: the caller guarantees the features.
    unsafe { if P::APPROXIMATE { exp2_rounded(x) } else { exp2(x) } }
}

/// Which keys count for a query. A type and not a closure, which may be compiled to a call of a
/// function without the CPU features.
trait Kept: Copy {
    /// The power of a key if it counts, or else 0.
    ///
    /// # Safety
    /// The CPU has the features of `V`, and the key and register `w` of queries exist.
    unsafe fn keep<V: Lanes>(self, power: V, key: usize, w: usize) -> V;
}

/// All keys count.
#[derive(Clone, Copy)]
struct All;

impl Kept for All {
    #[inline(always)]
    unsafe fn keep<V: Lanes>(self, power: V, _: usize, _: usize) -> V {
        power
    }
}

impl Kept for BlockDistances {
    #[inline(always)]
    unsafe fn keep<V: Lanes>(self, power: V, key: usize, w: usize) -> V {
        // SAFETY: the caller guarantees it.
        unsafe { power.mul(self.kept::<V>(key, w)) }
    }
}

/// The running softmax of `W` registers of queries.
pub struct Softmax<V, const W: usize> {
    /// The factor of the scores.
    scale: V,
    /// The maximum of the scaled scores so far.
    max: [V; W],
    /// The sum of `2^(score − max)` so far.
    sums: [V; W],
}

impl<V: Lanes, const W: usize> Softmax<V, W> {
    /// Before the first key.
    ///
    /// # Safety
    /// The CPU has the features of `V`.
    #[inline(always)]
    pub unsafe fn new(scale: f32) -> Self {
        // SAFETY: the caller guarantees the features.
        unsafe {
            let (scale, low) = (V::splat(scale), V::splat(f32::NEG_INFINITY));
            Self { scale, max: [low; W], sums: [V::splat(0.0); W] }
        }
    }

    /// The powers `2^(score − maximum so far)` of scores `(keys, width)`. Those of keys `2 · pair`
    /// and `2 · pair + 1` of register `w` are given to `P`, which stores them as the matmul with
    /// the values reads them. Keys that `distances` excludes have the power 0. Returns the factors
    /// that correct earlier sums and outputs.
    ///
    /// # Safety
    /// The CPU has the features of `V`; `scores` is valid for `keys` rows of `W` registers, `to` for
    /// what `P` stores; `keys` is at least 1; the distances are those of these keys.
    #[inline(always)]
    pub unsafe fn update<P: StorePowers<V>>(
        &mut self,
        scores: *const f32,
        keys: usize,
        distances: Option<BlockDistances>,
        to: *mut f32,
    ) -> [V; W] {
        // SAFETY: the caller guarantees what both require.
        unsafe {
            match distances.filter(|distances| distances.excludes) {
                Some(distances) => self.update_by::<P, _>(scores, keys, distances, to),
                None => self.update_by::<P, _>(scores, keys, All, to),
            }
        }
    }

    /// # Safety
    /// As for [`update`](Self::update).
    #[inline(always)]
    unsafe fn update_by<P: StorePowers<V>, K: Kept>(
        &mut self,
        scores: *const f32,
        keys: usize,
        kept: K,
        to: *mut f32,
    ) -> [V; W] {
        // Overwritten below, register by register.
        let mut corrections = self.sums;
        for (w, correction) in corrections.iter_mut().enumerate() {
            // SAFETY: each of the `keys` rows has `W` registers, and `to` is valid for what is
            // stored.
            unsafe {
                let scores = scores.add(w * V::N);
                let max = self.max[w].max(maximum::<V, W>(scores, keys).mul(self.scale));
                let minus_max = V::splat(0.0).sub(max);
                *correction = exp2(self.max[w].sub(max));
                let mut sum = self.sums[w].mul(*correction);
                for key in (0..keys - keys % 2).step_by(2) {
                    let at = scores.add(key * W * V::N);
                    let first = power::<V, P>(V::load(at).mul_add(self.scale, minus_max));
                    let first = kept.keep(first, key, w);
                    let at = at.add(W * V::N);
                    let second = power::<V, P>(V::load(at).mul_add(self.scale, minus_max));
                    let second = kept.keep(second, key + 1, w);
                    sum = sum.add(first).add(second);
                    P::store_pair::<W>([first, second], key / 2, w, to);
                }
                if keys % 2 == 1 {
                    let at = scores.add((keys - 1) * W * V::N);
                    let last = power::<V, P>(V::load(at).mul_add(self.scale, minus_max));
                    let last = kept.keep(last, keys - 1, w);
                    sum = sum.add(last);
                    P::store_pair::<W>([last, V::splat(0.0)], keys / 2, w, to);
                }
                (self.max[w], self.sums[w]) = (max, sum);
            }
        }
        corrections
    }

    /// The factors that replace the division by the sums.
    ///
    /// # Safety
    /// The CPU has the features of `V`.
    #[inline(always)]
    pub unsafe fn reciprocals(&self) -> [V; W] {
        let mut factors = self.sums;
        for factor in &mut factors {
            // SAFETY: the caller guarantees the features.
            *factor = unsafe { V::splat(1.0).div(*factor) };
        }
        factors
    }
}
