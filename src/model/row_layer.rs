//! The checkpoint's own layers after pooling, each on one row. Only the recipe `native` has them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::dense::Dense;

/// What a layer after pooling does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowLayerKind {
    /// A fully connected layer.
    Dense,
    /// `(x − mean) / √(variance + eps)`, then a weight and a bias per column.
    LayerNorm,
    /// Divides a row by its L2 norm.
    Normalize,
}

/// A layer after pooling, `(in) → (out)`.
#[derive(Clone, Debug, PartialEq)]
pub enum RowLayer {
    /// `dense(x)`, or `dense(x) + residual(x)`.
    Dense {
        /// The layer.
        dense: Dense,
        /// What is added to its output.
        residual: Option<Residual>,
    },
    /// Layer norm, with `weight` and `bias` `(in)`.
    LayerNorm {
        /// `(in)`
        weight: Vec<f32>,
        /// `(in)`
        bias: Vec<f32>,
        /// Added to the variance.
        eps: f64,
    },
    /// Divides a row by its L2 norm.
    Normalize,
}

/// What a dense layer's residual connection adds.
#[derive(Clone, Debug, PartialEq)]
pub enum Residual {
    /// The layer's input; it has as many columns as the output.
    Input,
    /// A linear function of the layer's input, without a bias.
    Projected(Dense),
}

impl RowLayer {
    /// A fully connected layer without a residual connection.
    pub fn dense(dense: Dense) -> Self {
        Self::Dense { dense, residual: None }
    }

    /// What the layer does.
    pub fn kind(&self) -> RowLayerKind {
        match self {
            Self::Dense { .. } => RowLayerKind::Dense,
            Self::LayerNorm { .. } => RowLayerKind::LayerNorm,
            Self::Normalize => RowLayerKind::Normalize,
        }
    }

    /// Columns of the input, if the layer doesn't take any number of them.
    pub fn inputs(&self) -> Option<usize> {
        match self {
            Self::Dense { dense, .. } => Some(dense.inputs()),
            Self::LayerNorm { weight, .. } => Some(weight.len()),
            Self::Normalize => None,
        }
    }

    /// Columns of the output for an input of `width` columns.
    pub fn outputs(&self, width: usize) -> usize {
        if let Self::Dense { dense, .. } = self { dense.outputs() } else { width }
    }

    /// What defines the layer: its kind and settings, and its numbers.
    pub(super) fn definition(&self) -> (Value, Vec<&[f32]>) {
        match self {
            Self::Dense { dense, residual } => {
                let mut numbers = vec![dense.weight(), dense.bias()];
                let added = match residual {
                    None => "nothing",
                    Some(Residual::Input) => "input",
                    Some(Residual::Projected(linear)) => {
                        numbers.push(linear.weight());
                        "projection"
                    }
                };
                (json!({"dense": dense.activation(), "plus": added}), numbers)
            }
            Self::LayerNorm { weight, bias, .. } => (json!("layer_norm"), vec![weight, bias]),
            Self::Normalize => (json!("normalize"), Vec::new()),
        }
    }

    /// `(in) → (out)`
    pub fn forward(&self, mut x: Vec<f32>) -> Vec<f32> {
        match self {
            Self::Dense { dense, residual } => {
                let out = dense.forward(&x);
                match residual {
                    None => out,
                    Some(Residual::Input) => add(out, &x),
                    Some(Residual::Projected(linear)) => add(out, &linear.forward(&x)),
                }
            }
            Self::LayerNorm { weight, bias, eps } => layer_norm(&x, weight, bias, *eps),
            Self::Normalize => {
                l2_normalize(&mut x);
                x
            }
        }
    }
}

/// Divides a row by `max(‖row‖₂, 1e-12)`.
pub fn l2_normalize(row: &mut [f32]) {
    let norm = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt().max(1e-12);
    for x in row {
        *x = (f64::from(*x) / norm) as f32;
    }
}

fn add(mut row: Vec<f32>, other: &[f32]) -> Vec<f32> {
    row.iter_mut().zip(other).for_each(|(x, y)| *x += y);
    row
}

/// In float64, with the variance over all columns.
fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], eps: f64) -> Vec<f32> {
    let n = x.len() as f64;
    let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
    let scale = 1.0 / (variance + eps).sqrt();
    let column = |((&x, &weight), &bias): ((&f32, &f32), &f32)| {
        ((f64::from(x) - mean) * scale * f64::from(weight) + f64::from(bias)) as f32
    };
    x.iter().zip(weight).zip(bias).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dense::DenseActivation;

    fn dense(weight: &[f32], outputs: usize) -> Dense {
        Dense::new(weight.to_vec(), vec![0.0; outputs], DenseActivation::Identity)
    }

    #[test]
    fn a_row_of_zeros_stays_zero_when_normalised() {
        let mut zeros = [0.0; 3];
        l2_normalize(&mut zeros);
        assert_eq!(zeros, [0.0; 3]);
        let mut row = [3.0, 4.0];
        l2_normalize(&mut row);
        assert_eq!(row, [0.6, 0.8]);
    }

    #[test]
    fn a_residual_adds_the_input_or_a_linear_function_of_it() {
        let with = |residual| RowLayer::Dense { dense: dense(&[0.0, 2.0, 1.0, 0.0], 2), residual };
        let forward = |residual| with(residual).forward(vec![3.0, 5.0]);
        assert_eq!(forward(None), [10.0, 3.0]);
        assert_eq!(forward(Some(Residual::Input)), [13.0, 8.0]);
        let linear = dense(&[1.0, 1.0, 0.0, -1.0], 2);
        assert_eq!(forward(Some(Residual::Projected(linear))), [18.0, -2.0]);
    }

    #[test]
    fn a_layer_norm_has_mean_zero_and_variance_one_before_weight_and_bias() {
        let layer = RowLayer::LayerNorm { weight: vec![1.0, 2.0], bias: vec![0.0, 0.5], eps: 1e-5 };
        // The mean is 2 and the variance 1: 1/√1.00001 = 0.999995.
        let row = layer.forward(vec![1.0, 3.0]);
        assert!((row[0] + 0.999_995).abs() < 1e-6 && (row[1] - 2.499_99).abs() < 1e-6, "{row:?}");
        assert_eq!(layer.outputs(2), 2);
    }
}
