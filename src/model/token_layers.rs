//! Layers that are applied to the row of each token: the same as [`RowLayer`]s, in f32 and for many rows
//! at once.

use strata_kernels::{
    Dtype, Epilogue, Kernels, Operand, OperandScratch, PackedLinear, PackedPart, View, ViewMut,
};

use super::dense::DenseActivation;
use super::row_layer::RowLayer;

/// The layers, packed for kernels.
pub struct TokenLayers {
    kernels: Kernels,
    layers: Vec<TokenLayer>,
}

enum TokenLayer {
    Dense { linear: PackedLinear, outputs: usize, activation: DenseActivation },
    Norm { weight: Vec<f32>, bias: Vec<f32>, eps: f32 },
}

/// Rows between two layers.
struct Rows {
    numbers: Vec<f32>,
    columns: usize,
    /// From one row to the next, since a GEMM writes whole panels.
    stride: usize,
}

impl TokenLayers {
    /// Packs dense layers and layer norms.
    ///
    /// # Errors
    /// There is not enough memory, or a layer is another one, which no classifier has.
    pub fn pack(kernels: Kernels, layers: &[RowLayer]) -> std::io::Result<Self> {
        let pack = |layer: &RowLayer| match layer {
            RowLayer::Dense { dense, residual: None } => {
                let part = PackedPart { weight: dense.weight(), bias: dense.bias() };
                let linear = PackedLinear::pack(kernels, Dtype::F32, dense.inputs(), &[part])?;
                let (outputs, activation) = (dense.outputs(), dense.activation());
                Ok(TokenLayer::Dense { linear, outputs, activation })
            }
            RowLayer::LayerNorm { weight, bias, eps } => Ok(TokenLayer::Norm {
                weight: weight.clone(),
                bias: bias.clone(),
                eps: *eps as f32,
            }),
            RowLayer::Dense { residual: Some(_), .. } | RowLayer::Normalize => {
                let message = "only dense layers and layer norms are applied to tokens";
                Err(std::io::Error::new(std::io::ErrorKind::Unsupported, message))
            }
        };
        let layers = layers.iter().map(pack).collect::<std::io::Result<_>>()?;
        Ok(Self { kernels, layers })
    }

    /// `(t, in) → (t, out)`, row-major.
    pub fn forward(&self, rows: View<'_>) -> Vec<f32> {
        let t = rows.rows();
        let copied = (0..t).flat_map(|row| rows.row(row)).copied().collect();
        let first = Rows { numbers: copied, columns: rows.columns(), stride: rows.columns() };
        let last = self.layers.iter().fold(first, |rows, layer| self.apply(layer, rows, t));
        let Rows { numbers, columns, stride } = last;
        numbers.chunks_exact(stride).flat_map(|row| &row[..columns]).copied().collect()
    }

    fn apply(&self, layer: &TokenLayer, mut rows: Rows, t: usize) -> Rows {
        match layer {
            TokenLayer::Dense { linear, outputs, activation } => {
                let mut scratch = OperandScratch::default();
                let view = View::new(&rows.numbers, t, rows.columns, rows.stride);
                let operand = Operand::new(self.kernels, Dtype::F32, view, &mut scratch);
                let stride = linear.columns();
                let mut numbers = vec![0.0; t * stride];
                let out = ViewMut::new(&mut numbers, t, stride, stride);
                self.kernels.gemm(&operand, linear, 0..linear.panels(), Epilogue::Bias, out);
                for row in numbers.chunks_exact_mut(stride) {
                    row[..*outputs]
                        .iter_mut()
                        .for_each(|x| *x = activation.apply(f64::from(*x)) as f32);
                }
                Rows { numbers, columns: *outputs, stride }
            }
            TokenLayer::Norm { weight, bias, eps } => {
                let view = ViewMut::new(&mut rows.numbers, t, rows.columns, rows.stride);
                self.kernels.layer_norm(view, weight, bias, *eps);
                rows
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dense::Dense;

    #[test]
    fn rows_are_computed_as_row_by_row() {
        let number = |at: usize, seed: usize| ((at * 37 + seed * 11) % 23) as f32 / 11.0 - 1.0;
        let numbers =
            |count: usize, seed| (0..count).map(|at| number(at, seed)).collect::<Vec<_>>();
        let dense = |inputs: usize, outputs: usize, activation| {
            let (weight, bias) = (numbers(inputs * outputs, 1), numbers(outputs, 2));
            RowLayer::dense(Dense::new(weight, bias, activation))
        };
        let norm = RowLayer::LayerNorm { weight: numbers(33, 3), bias: numbers(33, 4), eps: 1e-5 };
        let layers =
            [dense(20, 33, DenseActivation::Gelu), norm, dense(33, 3, DenseActivation::Identity)];
        let rows = numbers(7 * 24, 5);
        let expected: Vec<f32> = rows
            .chunks(24)
            .flat_map(|row| layers.iter().fold(row[..20].to_vec(), |row, layer| layer.forward(row)))
            .collect();
        let packed = TokenLayers::pack(Kernels::best(), &layers).unwrap();
        assert!(TokenLayers::pack(Kernels::best(), &[RowLayer::Normalize]).is_err());
        let found = packed.forward(View::new(&rows, 7, 20, 24));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 2e-5, "{found} {expected}");
        }
    }
}
