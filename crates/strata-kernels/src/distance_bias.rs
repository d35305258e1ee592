//! What the distance of a query and a key adds to their attention score.

use crate::arguments::{Distances, QUERIES};

/// A number for each distance, `query − key`, and how far away keys may be.
pub struct DistanceBias {
    /// Those of `−farthest..=farthest`, and zeros for as many more as a block has queries.
    numbers: Vec<f32>,
    farthest: usize,
    reach: Option<usize>,
}

/// A power of two, so that its product with the scale of scores is exact; so low that nothing is left
/// of the score that it is added to.
const EXCLUDED: f32 = -1.267_650_6e30;

impl DistanceBias {
    /// `bias` of each distance up to `farthest`, for attention heads of `d` columns.
    pub fn new(farthest: usize, d: usize, bias: impl Fn(isize) -> f32) -> Self {
        // Scores are scaled after it is added.
        let root = (d as f64).sqrt();
        Self::with_numbers(farthest, None, |distance| (f64::from(bias(distance)) * root) as f32)
    }

    /// Excludes all keys that are more than `reach` away.
    pub fn within(reach: usize) -> Self {
        let farthest = reach + 3 * QUERIES;
        let is_near = |distance: isize| distance.unsigned_abs() <= reach;
        Self::with_numbers(
            farthest,
            Some(reach),
            |distance| if is_near(distance) { 0.0 } else { EXCLUDED },
        )
    }

    fn with_numbers(farthest: usize, reach: Option<usize>, number: impl Fn(isize) -> f32) -> Self {
        let distances = -farthest.cast_signed()..=farthest.cast_signed();
        let numbers = distances.map(number).chain([0.0; QUERIES]).collect();
        Self { numbers, farthest, reach }
    }

    /// For `queries` queries, the first of which is at place `first_query` among the `t` keys.
    ///
    /// # Panics
    /// A distance is beyond the farthest, or a query has no key within its reach.
    pub(crate) fn distances(&self, first_query: usize, queries: usize, t: usize) -> Distances {
        let places = first_query + queries;
        match self.reach {
            Some(reach) => {
                assert!(
                    places <= t + reach,
                    "{places} places, and {t} keys that reach {reach} further"
                );
            }
            None => {
                let (most, biases) = (places.max(t), self.farthest + 1);
                assert!(most <= biases, "{most} places, and biases for {biases}");
            }
        }
        let bias = self.numbers.as_ptr().wrapping_add(self.farthest);
        Distances { first_query, bias, reach: self.reach }
    }
}
