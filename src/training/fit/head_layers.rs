//! Layers as a head serves them.

use crate::model::head::Dense;
use crate::model::recipe::weighted_sum;
use crate::training::features::Features;

/// Fully connected layers in float32, over features as the encoder gives them.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadLayers {
    /// From input to output.
    pub layers: Vec<Dense>,
    /// Learned layer weights, `(l)`; see
    /// [`FittedLayers::layer_weights`](super::FittedLayers::layer_weights).
    pub layer_weights: Option<Vec<f32>>,
}

impl HeadLayers {
    /// The outputs of a head with these layers for some rows, `(n,k)`.
    pub fn outputs(&self, features: &Features, rows: &[usize]) -> Vec<f64> {
        let output = |&row: &usize| {
            let row = match &self.layer_weights {
                None => features.row(row).to_vec(),
                Some(weights) => {
                    let row = features.row(row);
                    let layers: Vec<&[f32]> = row.chunks_exact(row.len() / weights.len()).collect();
                    weighted_sum(&layers, weights)
                }
            };
            self.layers.iter().fold(row, |row, layer| layer.forward(&row))
        };
        rows.iter().flat_map(output).map(f64::from).collect()
    }
}
