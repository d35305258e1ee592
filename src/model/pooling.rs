//! Pooling: combines the token rows of one layer into one row.
//!
//! Letters: `t` tokens, `c` hidden size.

use serde::{Deserialize, Serialize};
use strata_kernels::View;
use utoipa::ToSchema;

use super::maximum::maximum;
use super::pooling_mask::{PoolingMask, counted_rows, first_row, position_sum, total};

/// How the `t` token rows of one layer are combined into one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// `Σ H[i] / max(t, 1e-9)`
    #[default]
    Mean,
    /// `H[0]`; where a prompt's tokens don't count, the row of the first token after it.
    Cls,
    /// The maximum of each column.
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
    /// The name used in recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Cls => "cls",
            Self::Max => "max",
            Self::MeanSqrtLen => "mean_sqrt_len",
            Self::WeightedMean => "weighted_mean",
            Self::LastToken => "last_token",
            Self::MeanMax => "mean_max",
        }
    }

    /// Columns of a pooled row divided by columns of a token row.
    pub fn width_factor(self) -> usize {
        if self == Self::MeanMax { 2 } else { 1 }
    }

    /// The weight of each of a sequence's `t` tokens, for poolings that are a weighted sum of token
    /// rows; `None` for the others (`max`, `mean_max`). For a window, the weights in the sum over
    /// the whole text.
    pub fn token_weights(self, t: usize, mask: Option<&PoolingMask>) -> Option<Vec<f32>> {
        let n = total(t, mask) as f64;
        let weight: &dyn Fn(usize) -> f64 = match self {
            Self::Mean => &|_| 1.0 / n.max(1e-9),
            Self::MeanSqrtLen => &|_| 1.0 / n.sqrt(),
            Self::WeightedMean => &|i| i as f64 / position_sum(t, mask) as f64,
            Self::Cls => return Some(one_hot(first_row(mask), t)),
            Self::LastToken => return Some(one_hot(t.saturating_sub(1), t)),
            Self::Max | Self::MeanMax => return None,
        };
        let mut weights = vec![0.0; t];
        counted_rows(t, mask).for_each(|(row, i)| weights[row] = weight(i) as f32);
        Some(weights)
    }

    /// Token rows `(t, c)` → the pooled row, by the formulas above. For a window: its part of the
    /// text's sums, the maximum over the tokens that count, or its first or last row.
    pub(super) fn pool(self, rows: View<'_>, mask: Option<&PoolingMask>) -> Vec<f32> {
        let n = total(rows.rows(), mask);
        match self {
            Self::Mean => sum(rows, mask, n as f32, |_| 1.0),
            Self::MeanSqrtLen => sum(rows, mask, (n as f32).sqrt(), |_| 1.0),
            Self::WeightedMean => {
                sum(rows, mask, position_sum(rows.rows(), mask) as f32, |i| i as f32)
            }
            Self::Cls => rows.row(first_row(mask)).to_vec(),
            Self::LastToken => rows.row(rows.rows() - 1).to_vec(),
            Self::Max => max(rows, mask),
            Self::MeanMax => [Self::Mean.pool(rows, mask), max(rows, mask)].concat(),
        }
    }
}

/// `t` weights: 1 at `index`, 0 elsewhere.
fn one_hot(index: usize, t: usize) -> Vec<f32> {
    (0..t).map(|i| f32::from(u8::from(i == index))).collect()
}

/// `Σ weight(i)·H[i] / divisor`, `i` from 1, over the rows that count.
fn sum(
    rows: View<'_>,
    mask: Option<&PoolingMask>,
    divisor: f32,
    weight: impl Fn(usize) -> f32,
) -> Vec<f32> {
    let mut sums = vec![0.0; rows.columns()];
    for (row, i) in counted_rows(rows.rows(), mask) {
        let weight = weight(i);
        sums.iter_mut().zip(rows.row(row)).for_each(|(sum, x)| *sum += weight * x);
    }
    sums.iter_mut().for_each(|sum| *sum /= divisor);
    sums
}

/// The maximum of each column, over the rows that count.
fn max(rows: View<'_>, mask: Option<&PoolingMask>) -> Vec<f32> {
    let mut maxima = vec![f32::NEG_INFINITY; rows.columns()];
    for (row, _) in counted_rows(rows.rows(), mask) {
        maxima.iter_mut().zip(rows.row(row)).for_each(|(max, x)| *max = maximum(*max, *x));
    }
    maxima
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_pooling_is_its_name_in_recipes() {
        use Pooling::{Cls, LastToken, Max, Mean, MeanMax, MeanSqrtLen, WeightedMean};
        for pooling in [Mean, Cls, Max, MeanSqrtLen, WeightedMean, LastToken, MeanMax] {
            assert_eq!(serde_json::to_value(pooling).unwrap(), pooling.name());
        }
    }

    #[test]
    fn token_weights_follow_the_formulas() {
        let weights = |pooling: Pooling, t| pooling.token_weights(t, None);
        assert_eq!(weights(Pooling::Mean, 4).unwrap(), [0.25; 4]);
        assert_eq!(weights(Pooling::MeanSqrtLen, 4).unwrap(), [0.5; 4]);
        assert_eq!(weights(Pooling::WeightedMean, 3).unwrap(), [1.0 / 6.0, 1.0 / 3.0, 0.5]);
        assert_eq!(weights(Pooling::Cls, 2).unwrap(), [1.0, 0.0]);
        assert_eq!(weights(Pooling::LastToken, 2).unwrap(), [0.0, 1.0]);
        assert!(weights(Pooling::Max, 2).is_none());
    }

    #[test]
    fn the_sums_of_windows_add_up_to_the_sum_of_the_text() {
        // The second window: its tokens 1, 2 and 3 count, after two tokens of the first window.
        let mask =
            PoolingMask { counted: vec![false, true, true, true], before: 2, total: 5, prompt: 0 };
        let weights = |pooling: Pooling| pooling.token_weights(4, Some(&mask)).unwrap();
        assert_eq!(weights(Pooling::Mean), [0.0, 0.2, 0.2, 0.2]);
        assert_eq!(weights(Pooling::WeightedMean), [0.0, 0.2, 4.0 / 15.0, 1.0 / 3.0]);
        let numbers = [9.0, 1.0, 2.0, 3.0];
        let pool = |pooling: Pooling| pooling.pool(View::new(&numbers, 4, 1, 1), Some(&mask));
        assert_eq!(pool(Pooling::Mean), [1.2]);
        assert_eq!(pool(Pooling::WeightedMean), [(3.0 + 8.0 + 15.0) / 15.0]);
        assert_eq!(pool(Pooling::Max), [3.0]);
    }

    #[test]
    fn a_prompt_that_does_not_count_keeps_its_positions() {
        // Three tokens of a prompt, then two that count, at the positions 4 and 5.
        let counted = vec![vec![false, false, false, true, true]];
        let mask = &PoolingMask::after_prompt(counted, 3)[0];
        let numbers = [9.0, 8.0, 7.0, 1.0, 2.0];
        for (pooling, expected) in [
            (Pooling::Mean, 1.5),
            (Pooling::Cls, 1.0),
            (Pooling::Max, 2.0),
            (Pooling::MeanSqrtLen, 3.0 / 2.0_f32.sqrt()),
            (Pooling::WeightedMean, (4.0 + 10.0) / 9.0),
            (Pooling::LastToken, 2.0),
        ] {
            let pooled = pooling.pool(View::new(&numbers, 5, 1, 1), Some(mask));
            assert!((pooled[0] - expected).abs() < 1e-6, "{pooling:?}: {pooled:?}");
            if let Some(weights) = pooling.token_weights(5, Some(mask)) {
                let sum: f32 = weights.iter().zip(numbers).map(|(weight, x)| weight * x).sum();
                assert!((sum - expected).abs() < 1e-6, "{pooling:?}: {weights:?}");
            }
        }
    }
}
