//! Layers as a head has them.

use crate::model::head::Dense;
use crate::model::recipe::weighted_sum;
use crate::training::features::Features;

/// Layers as they are served, in float32, over features as the encoder gives them.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// One after the other.
    pub layers: Vec<Dense>,
    /// As [`Layers::factors`].
    pub factors: Option<Vec<f32>>,
}

impl Finished {
    /// What a head of these layers puts out for some rows, `(n,k)`.
    pub fn outputs(&self, features: &Features, rows: &[usize]) -> Vec<f64> {
        let output = |&row: &usize| {
            let row = match &self.factors {
                None => features.row(row).to_vec(),
                Some(factors) => {
                    let row = features.row(row);
                    let layers: Vec<&[f32]> = row.chunks_exact(row.len() / factors.len()).collect();
                    weighted_sum(&layers, factors)
                }
            };
            self.layers.iter().fold(row, |row, layer| layer.forward(&row))
        };
        rows.iter().flat_map(output).map(f64::from).collect()
    }
}
