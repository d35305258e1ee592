//! Ids and their weights as pairs of numbers.

use std::collections::BTreeMap;

use crate::model::checkpoint::SpladePooling;
use crate::model::maximum::maximum;

/// The pairs of an id's weights, which may be several.
pub fn join(pooling: SpladePooling, weights: impl Iterator<Item = (usize, f32)>) -> Vec<f32> {
    let mut row: BTreeMap<usize, f32> = BTreeMap::new();
    for (id, weight) in weights {
        let joined = row.entry(id).or_default();
        *joined = match pooling {
            SpladePooling::Max => maximum(*joined, weight),
            SpladePooling::Sum => *joined + weight,
        };
    }
    pairs(row.into_iter())
}

/// Pairs, without those of weight 0. A weight that is NaN stays, so that it is seen.
pub fn pairs(weights: impl Iterator<Item = (usize, f32)>) -> Vec<f32> {
    let mut pairs = Vec::with_capacity(2 * weights.size_hint().0);
    for (id, weight) in weights {
        if weight != 0.0 {
            pairs.extend([id as f32, weight]);
        }
    }
    // Most ids of a vocabulary have no weight.
    pairs.shrink_to_fit();
    pairs
}

/// The ids and weights of pairs.
pub fn id_weights(pairs: &[f32]) -> impl Iterator<Item = (usize, f32)> {
    let (pairs, _) = pairs.as_chunks::<2>();
    pairs.iter().map(|[id, weight]| (*id as usize, *weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_that_is_no_number_is_kept_so_that_it_is_seen() {
        for weights in [[f32::NAN, 1.0], [1.0, f32::NAN]] {
            for pooling in [SpladePooling::Max, SpladePooling::Sum] {
                let row = join(pooling, weights.into_iter().map(|weight| (3, weight)));
                assert!(row[1].is_nan(), "{pooling:?} {weights:?}");
            }
        }
    }
}
