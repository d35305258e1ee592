//! A learned bias of attention scores that depends on the distance of two tokens (Raffel et al. 2020,
//! arXiv:1910.10683, section 2.1), the same in all layers.

use super::tensors::TableSpec;

/// The bias, one number for each bucket of distances and each attention head.
#[derive(Clone, Debug)]
pub struct PositionBias {
    /// `(buckets, h)`
    pub table: TableSpec,
}

impl PositionBias {
    /// The buckets that are used, however many the table has. Half of them are for keys after the
    /// query; half of those are for one distance each.
    pub const BUCKETS: usize = 32;
    /// From this distance on, all keys are in the last bucket.
    const FARTHEST: f32 = 128.0;

    /// The bucket for a key that comes `distance` tokens after the query.
    pub fn bucket(distance: isize) -> usize {
        let half = Self::BUCKETS / 2;
        let exact = half / 2;
        let side = if distance > 0 { half } else { 0 };
        let n = distance.unsigned_abs();
        if n < exact {
            return side + n;
        }
        // In f32, as transformers computes it.
        let share = libm::logf(n as f32 / exact as f32) / libm::logf(Self::FARTHEST / exact as f32)
            * (half - exact) as f32;
        side + (exact + share as usize).min(half - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_keys_have_buckets_of_their_own_and_far_ones_share_theirs() {
        assert_eq!([0, -1, -7, 1, 7].map(PositionBias::bucket), [0, 1, 7, 17, 23]);
        // The distances at which transformers begins a bucket.
        let begins = [8, 12, 16, 23, 32, 46, 64, 91];
        for (bucket, begin) in begins.into_iter().enumerate() {
            assert_eq!(PositionBias::bucket(-begin), 8 + bucket, "{begin}");
            assert_eq!(PositionBias::bucket(1 - begin), 7 + bucket, "{begin}");
            assert_eq!(PositionBias::bucket(begin), 24 + bucket, "{begin}");
        }
        assert_eq!([-500, 500].map(PositionBias::bucket), [15, 31]);
    }
}
