//! Ids and their weights as pairs of numbers.

use std::collections::BTreeMap;

use crate::model::checkpoint::SpladePooling;

/// The pairs of an id's weights, which may be several.
pub fn join(pooling: SpladePooling, weights: impl Iterator<Item = (usize, f32)>) -> Vec<f32> {
    let mut row: BTreeMap<usize, f32> = BTreeMap::new();
    for (id, weight) in weights {
        let joined = row.entry(id).or_default();
        *joined = match pooling {
            SpladePooling::Max => joined.max(weight),
            SpladePooling::Sum => *joined + weight,
        };
    }
    pairs(row.into_iter())
}

/// Pairs, without those of weight 0.
pub fn pairs(weights: impl Iterator<Item = (usize, f32)>) -> Vec<f32> {
    weights
        .filter(|(_, weight)| *weight > 0.0)
        .flat_map(|(id, weight)| [id as f32, weight])
        .collect()
}

/// The ids and weights of pairs.
pub fn id_weights(pairs: &[f32]) -> impl Iterator<Item = (usize, f32)> {
    let (pairs, _) = pairs.as_chunks::<2>();
    pairs.iter().map(|[id, weight]| (*id as usize, *weight))
}
