//! A recipe checked against one model, and its arithmetic on pooled rows.

use serde::Serialize;
use utoipa::ToSchema;

use super::combine::Combine;
use crate::model::pooling::Pooling;

/// A recipe checked against one model: layers counted from 0, widths known.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ResolvedRecipe {
    /// Hidden states; 0 is the embedding output.
    pub layers: Vec<usize>,
    /// How the layers are combined.
    pub combine: Combine,
    /// How the tokens of each layer are pooled.
    pub pooling: Pooling,
    /// Whether the checkpoint's own dense layer follows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dense: bool,
    /// Whether the row is divided by its L2 norm.
    pub normalize: bool,
    /// One factor per layer, for `weighted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f32>>,
    /// Columns of the result.
    pub dimensions: usize,
}

impl ResolvedRecipe {
    /// Columns after combining rows of `width` columns.
    pub fn combined_width(&self, width: usize) -> usize {
        if self.combine == Combine::Concat { width * self.layers.len() } else { width }
    }

    /// Columns of a token's row (`tokens: true`) for a hidden size of `hidden`. Neither pooling nor
    /// the dense layer applies to tokens.
    pub fn token_width(&self, hidden: usize) -> usize {
        self.combined_width(hidden).min(self.dimensions)
    }

    /// Combines one row per layer, in the order of `layers`: `n × (w) → (w)` or `(n·w)`.
    pub fn combine(&self, rows: &[&[f32]]) -> Vec<f32> {
        self.combine.apply(rows, self.weights.as_deref().unwrap_or_default())
    }

    /// The last step: cuts a row to `dimensions` columns, then divides it by its L2 norm if the
    /// recipe normalises.
    pub fn cut_and_normalize(&self, mut row: Vec<f32>) -> Vec<f32> {
        row.truncate(self.dimensions);
        if self.normalize {
            l2_normalize(&mut row);
        }
        row
    }
}

/// Divides a row by `max(‖row‖₂, 1e-12)`.
pub fn l2_normalize(row: &mut [f32]) {
    let norm = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt().max(1e-12);
    for x in row {
        *x = (f64::from(*x) / norm) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_zeros_stays_zero_when_normalised() {
        let mut zeros = [0.0; 3];
        l2_normalize(&mut zeros);
        assert_eq!(zeros, [0.0; 3]);
        let mut row = [3.0, 4.0];
        l2_normalize(&mut row);
        assert_eq!(row, [0.6, 0.8]);
    }
}
