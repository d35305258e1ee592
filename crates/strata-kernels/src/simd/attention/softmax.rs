//! The running softmax.

use super::operands::Operands;
use crate::simd::dot::Dot;
use crate::simd::functions::exp2;
use crate::simd::lanes::Lanes;

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

    /// Replaces scores `(keys, width)` by `2^(score − maximum so far)`, in the form that the matmul
    /// with the values reads. Returns the factors that correct earlier sums and outputs.
    ///
    /// # Safety
    /// The CPU has the features of `V`; `scores` is valid for `keys` rows of `W` registers, rounded
    /// up to an even number of rows; `keys` is at least 1.
    #[inline(always)]
    pub unsafe fn update<O: Operands<Dot: Dot<Register = V>>>(
        &mut self,
        scores: *mut f32,
        keys: usize,
    ) -> [V; W] {
        // Overwritten below, register by register.
        let mut corrections = self.sums;
        for (w, correction) in corrections.iter_mut().enumerate() {
            // SAFETY: `key` is below `keys`, of which there is room for an even number; each row
            // has `W` registers.
            unsafe {
                let at = |key: usize| scores.add((key * W + w) * V::N);
                // Two maxima, so that an operation does not wait for the one before.
                let mut maxima = [V::load(at(0)); 2];
                for key in (0..keys).step_by(2) {
                    maxima[0] = maxima[0].max(V::load(at(key)));
                    maxima[1] = maxima[1].max(V::load(at((key + 1).min(keys - 1))));
                }
                let max = self.max[w].max(maxima[0].max(maxima[1]).mul(self.scale));
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
                    O::store_pair([first, second], key / 2, scores.add(w * V::N), W * V::N);
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
