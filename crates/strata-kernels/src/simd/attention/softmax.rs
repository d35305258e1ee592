//! The running softmax.

use crate::simd::functions::exp2;
use crate::simd::lanes::Lanes;

/// How powers are stored.
pub trait StorePowers<V> {
    /// Stores the powers of keys `2 · pair` and `2 · pair + 1` of register `w` of `W`.
    ///
    /// # Safety
    /// The CPU has the features of `V`; `to` is valid for the powers of all keys up to these.
    unsafe fn store_pair<const W: usize>(powers: [V; 2], pair: usize, w: usize, to: *mut f32);
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
    /// the values reads them. Returns the factors that correct earlier sums and outputs.
    ///
    /// # Safety
    /// The CPU has the features of `V`; `scores` is valid for `keys` rows of `W` registers, `to` for
    /// what `P` stores; `keys` is at least 1.
    #[inline(always)]
    pub unsafe fn update<P: StorePowers<V>>(
        &mut self,
        scores: *const f32,
        keys: usize,
        to: *mut f32,
    ) -> [V; W] {
        // Overwritten below, register by register.
        let mut corrections = self.sums;
        for (w, correction) in corrections.iter_mut().enumerate() {
            // SAFETY: `key` is below `keys`, and each row has `W` registers; `to` is valid for what
            // is stored.
            unsafe {
                let at = |key: usize| scores.add((key * W + w) * V::N);
                let mut max = V::load(at(0));
                for key in 1..keys {
                    max = max.max(V::load(at(key)));
                }
                let max = self.max[w].max(max.mul(self.scale));
                let minus_max = V::splat(0.0).sub(max);
                *correction = exp2(self.max[w].sub(max));
                let mut sum = self.sums[w].mul(*correction);
                for key in (0..keys).step_by(2) {
                    let first = exp2(V::load(at(key)).mul_add(self.scale, minus_max));
                    sum = sum.add(first);
                    let mut second = V::splat(0.0);
                    if key + 1 < keys {
                        second = exp2(V::load(at(key + 1)).mul_add(self.scale, minus_max));
                        sum = sum.add(second);
                    }
                    P::store_pair::<W>([first, second], key / 2, w, to);
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
