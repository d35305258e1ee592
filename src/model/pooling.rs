//! Pooling: how the token rows of one layer become one row.
//!
//! Letters: `t` tokens, `c` hidden size.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernels::View;

/// How the `t` token rows of one layer become one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// `Σ H[i] / max(t, 1e-9)`
    Mean,
    /// `H[0]`
    Cls,
    /// The largest value of each column.
    Max,
    /// `Σ H[i] / √t`
    MeanSqrtLen,
    /// `Σ i·H[i] / Σ i`, `i = 1..t`
    WeightedMean,
    /// `H[t-1]`
    LastToken,
    /// Mean and max side by side, `2c` wide.
    MeanMax,
}

impl Pooling {
    /// Columns of a pooled row over columns of a token row.
    pub fn width_factor(self) -> usize {
        if self == Self::MeanMax { 2 } else { 1 }
    }

    /// The weight of each of `t` tokens where the pooled row is a weighted sum of token rows;
    /// `None` where it isn't (max, and mean beside max).
    pub fn token_weights(self, t: usize) -> Option<Vec<f32>> {
        let one_at = |at: usize| (0..t).map(|i| f32::from(u8::from(i == at))).collect();
        match self {
            Self::Mean => Some(vec![(1.0 / (t as f64).max(1e-9)) as f32; t]),
            Self::MeanSqrtLen => Some(vec![(1.0 / (t as f64).sqrt()) as f32; t]),
            Self::WeightedMean => {
                let total = (t * (t + 1)) as f64 / 2.0;
                Some((1..=t).map(|i| (i as f64 / total) as f32).collect())
            }
            Self::Cls => Some(one_at(0)),
            Self::LastToken => Some(one_at(t.saturating_sub(1))),
            Self::Max | Self::MeanMax => None,
        }
    }

    /// Token rows `(t, c)` → the pooled row, by the formulas above.
    pub(super) fn pool(self, rows: View<'_>) -> Vec<f32> {
        let t = rows.rows();
        match self {
            Self::Mean => sum(rows, t as f32, |_| 1.0),
            Self::MeanSqrtLen => sum(rows, (t as f32).sqrt(), |_| 1.0),
            Self::WeightedMean => sum(rows, (t * (t + 1)) as f32 / 2.0, |i| (i + 1) as f32),
            Self::Cls => rows.row(0).to_vec(),
            Self::LastToken => rows.row(t - 1).to_vec(),
            Self::Max => max(rows),
            Self::MeanMax => [Self::Mean.pool(rows), max(rows)].concat(),
        }
    }
}

/// `Σ weight(i)·H[i] / over`
fn sum(rows: View<'_>, over: f32, weight: impl Fn(usize) -> f32) -> Vec<f32> {
    let mut sums = vec![0.0; rows.columns()];
    for i in 0..rows.rows() {
        let weight = weight(i);
        sums.iter_mut().zip(rows.row(i)).for_each(|(sum, x)| *sum += weight * x);
    }
    sums.iter_mut().for_each(|sum| *sum /= over);
    sums
}

fn max(rows: View<'_>) -> Vec<f32> {
    let mut largest = rows.row(0).to_vec();
    for i in 1..rows.rows() {
        largest.iter_mut().zip(rows.row(i)).for_each(|(largest, x)| *largest = largest.max(*x));
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_weights_are_those_of_the_formulas() {
        assert_eq!(Pooling::Mean.token_weights(4).unwrap(), [0.25; 4]);
        assert_eq!(Pooling::MeanSqrtLen.token_weights(4).unwrap(), [0.5; 4]);
        assert_eq!(Pooling::WeightedMean.token_weights(3).unwrap(), [1.0 / 6.0, 1.0 / 3.0, 0.5]);
        assert_eq!(Pooling::Cls.token_weights(2).unwrap(), [1.0, 0.0]);
        assert_eq!(Pooling::LastToken.token_weights(2).unwrap(), [0.0, 1.0]);
        assert!(Pooling::Max.token_weights(2).is_none());
    }
}
