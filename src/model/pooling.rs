//! Pooling: how the token rows of one layer become one row.
//!
//! Letters: `t` tokens, `c` hidden size.

use serde::{Deserialize, Serialize};
use strata_kernels::View;
use utoipa::ToSchema;

use super::task::Share;

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
    /// As recipes write it.
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

    /// Columns of a pooled row over columns of a token row.
    pub fn width_factor(self) -> usize {
        if self == Self::MeanMax { 2 } else { 1 }
    }

    /// The weight of each of a sequence's `t` tokens where the pooled row is a weighted sum of token
    /// rows; `None` where it isn't (max, and mean beside max). In a window, those of the text's sum.
    pub fn token_weights(self, t: usize, share: Option<&Share>) -> Option<Vec<f32>> {
        let n = total(t, share) as f64;
        let weight: &dyn Fn(usize) -> f64 = match self {
            Self::Mean => &|_| 1.0 / n.max(1e-9),
            Self::MeanSqrtLen => &|_| 1.0 / n.sqrt(),
            Self::WeightedMean => &|i| i as f64 / (n * (n + 1.0) / 2.0),
            Self::Cls => return Some(one_at(0, t)),
            Self::LastToken => return Some(one_at(t.saturating_sub(1), t)),
            Self::Max | Self::MeanMax => return None,
        };
        let mut weights = vec![0.0; t];
        counted(t, share).for_each(|(at, i)| weights[at] = weight(i) as f32);
        Some(weights)
    }

    /// Token rows `(t, c)` → the pooled row, by the formulas above. Of a window: its share of sums,
    /// the largest of what counts, its first or last row.
    pub(super) fn pool(self, rows: View<'_>, share: Option<&Share>) -> Vec<f32> {
        let n = total(rows.rows(), share);
        match self {
            Self::Mean => sum(rows, share, n as f32, |_| 1.0),
            Self::MeanSqrtLen => sum(rows, share, (n as f32).sqrt(), |_| 1.0),
            Self::WeightedMean => sum(rows, share, (n * (n + 1) / 2) as f32, |i| i as f32),
            Self::Cls => rows.row(0).to_vec(),
            Self::LastToken => rows.row(rows.rows() - 1).to_vec(),
            Self::Max => max(rows, share),
            Self::MeanMax => [Self::Mean.pool(rows, share), max(rows, share)].concat(),
        }
    }
}

/// The tokens that count, of the text if the sequence is a window.
fn total(t: usize, share: Option<&Share>) -> usize {
    share.map_or(t, |share| share.total)
}

/// The rows that count, of `t`, each with its place among all that do, from 1.
pub(super) fn counted(
    t: usize,
    share: Option<&Share>,
) -> impl Iterator<Item = (usize, usize)> + use<'_> {
    let counts = move |row: &usize| share.is_none_or(|share| share.counted[*row]);
    (0..t).filter(counts).zip(share.map_or(0, |share| share.before) + 1..)
}

fn one_at(at: usize, t: usize) -> Vec<f32> {
    (0..t).map(|i| f32::from(u8::from(i == at))).collect()
}

/// `Σ weight(i)·H[i] / over`, `i` from 1.
fn sum(
    rows: View<'_>,
    share: Option<&Share>,
    over: f32,
    weight: impl Fn(usize) -> f32,
) -> Vec<f32> {
    let mut sums = vec![0.0; rows.columns()];
    for (row, i) in counted(rows.rows(), share) {
        let weight = weight(i);
        sums.iter_mut().zip(rows.row(row)).for_each(|(sum, x)| *sum += weight * x);
    }
    sums.iter_mut().for_each(|sum| *sum /= over);
    sums
}

fn max(rows: View<'_>, share: Option<&Share>) -> Vec<f32> {
    let mut largest = vec![f32::NEG_INFINITY; rows.columns()];
    for (row, _) in counted(rows.rows(), share) {
        largest.iter_mut().zip(rows.row(row)).for_each(|(largest, x)| *largest = largest.max(*x));
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pooling_is_called_what_recipes_call_it() {
        use Pooling::{Cls, LastToken, Max, Mean, MeanMax, MeanSqrtLen, WeightedMean};
        for pooling in [Mean, Cls, Max, MeanSqrtLen, WeightedMean, LastToken, MeanMax] {
            assert_eq!(serde_json::to_value(pooling).unwrap(), pooling.name());
        }
    }

    #[test]
    fn token_weights_are_those_of_the_formulas() {
        let weights = |pooling: Pooling, t| pooling.token_weights(t, None);
        assert_eq!(weights(Pooling::Mean, 4).unwrap(), [0.25; 4]);
        assert_eq!(weights(Pooling::MeanSqrtLen, 4).unwrap(), [0.5; 4]);
        assert_eq!(weights(Pooling::WeightedMean, 3).unwrap(), [1.0 / 6.0, 1.0 / 3.0, 0.5]);
        assert_eq!(weights(Pooling::Cls, 2).unwrap(), [1.0, 0.0]);
        assert_eq!(weights(Pooling::LastToken, 2).unwrap(), [0.0, 1.0]);
        assert!(weights(Pooling::Max, 2).is_none());
    }

    #[test]
    fn the_windows_of_a_text_have_their_share_of_its_sums() {
        // Tokens 1, 2, 3 of four count in a second window, after two in the first.
        let share = Share { counted: vec![false, true, true, true], before: 2, total: 5 };
        let weights = |pooling: Pooling| pooling.token_weights(4, Some(&share)).unwrap();
        assert_eq!(weights(Pooling::Mean), [0.0, 0.2, 0.2, 0.2]);
        assert_eq!(weights(Pooling::WeightedMean), [0.0, 0.2, 4.0 / 15.0, 1.0 / 3.0]);
        let numbers = [9.0, 1.0, 2.0, 3.0];
        let pool = |pooling: Pooling| pooling.pool(View::new(&numbers, 4, 1, 1), Some(&share));
        assert_eq!(pool(Pooling::Mean), [1.2]);
        assert_eq!(pool(Pooling::WeightedMean), [(3.0 + 8.0 + 15.0) / 15.0]);
        assert_eq!(pool(Pooling::Max), [3.0]);
    }
}
