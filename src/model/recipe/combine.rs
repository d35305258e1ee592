//! Combines the pooled rows of several layers into one row. Letters: `n` layers, `w` columns of a
//! row.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::maximum::maximum;

/// How the rows of several layers are combined into one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// The mean of the rows.
    #[default]
    Mean,
    /// The sum of the rows.
    Sum,
    /// The maximum of each column.
    Max,
    /// The rows side by side, in the order of `layers`.
    Concat,
    /// `Σ α_l·row_l`, with the factors in `weights`.
    Weighted,
}

impl Combine {
    /// Combines one row per layer, in the order of `layers`: `n × (w) → (w)`, or `(n·w)` for
    /// `concat`. `weights` are the factors of `weighted`.
    pub(super) fn apply(self, rows: &[&[f32]], weights: &[f32]) -> Vec<f32> {
        match self {
            Self::Concat => rows.concat(),
            Self::Sum => by_column(rows, &|values| values.sum()),
            Self::Mean => by_column(rows, &|values| values.sum::<f64>() / rows.len() as f64),
            Self::Max => by_column(rows, &|values| values.fold(f64::NEG_INFINITY, maximum)),
            Self::Weighted => weighted_sum(rows, weights),
        }
    }
}

/// Turns the numbers of one column into one number.
type Fold<'a> = &'a dyn Fn(&mut dyn Iterator<Item = f64>) -> f64;

/// `n × (w) → (w)`, column by column, in float64.
pub(crate) fn by_column(rows: &[&[f32]], fold: Fold<'_>) -> Vec<f32> {
    let width = rows.first().map_or(0, |row| row.len());
    (0..width).map(|j| fold(&mut rows.iter().map(|row| f64::from(row[j]))) as f32).collect()
}

/// `Σ α_l·row_l`, `n × (w) → (w)`.
pub fn weighted_sum(rows: &[&[f32]], weights: &[f32]) -> Vec<f32> {
    by_column(rows, &|values| {
        values.zip(weights).map(|(value, &weight)| value * f64::from(weight)).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_combined_as_the_names_say() {
        let rows: [&[f32]; 2] = [&[1.0, -2.0], &[3.0, 4.0]];
        assert_eq!(Combine::Mean.apply(&rows, &[]), [2.0, 1.0]);
        assert_eq!(Combine::Sum.apply(&rows, &[]), [4.0, 2.0]);
        assert_eq!(Combine::Max.apply(&rows, &[]), [3.0, 4.0]);
        assert!(Combine::Max.apply(&[&[f32::NAN], &[1.0]], &[])[0].is_nan());
        assert_eq!(Combine::Concat.apply(&rows, &[]), [1.0, -2.0, 3.0, 4.0]);
        assert_eq!(Combine::Weighted.apply(&rows, &[2.0, -1.0]), [-1.0, -8.0]);
    }
}
