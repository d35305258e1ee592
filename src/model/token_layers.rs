//! Layers that are applied to the row of each token: the same as [`RowLayer`]s, in f32 and for many rows
//! at once.

use strata_kernels::{
    Dtype, Epilogue, Kernels, Operand, OperandScratch, PackedLinear, PackedPart, View, ViewMut,
};

use super::dense::{Dense, DenseActivation};
use super::row_layer::{Residual, RowLayer, l2_normalize};

/// The layers, packed for kernels.
pub struct TokenLayers {
    kernels: Kernels,
    layers: Vec<TokenLayer>,
}

enum TokenLayer {
    Dense { dense: PackedDense, residual: Option<PackedResidual> },
    Norm { weight: Vec<f32>, bias: Vec<f32>, eps: f32 },
    Normalize,
}

struct PackedDense {
    linear: PackedLinear,
    outputs: usize,
    activation: DenseActivation,
}

enum PackedResidual {
    Input,
    Projected(Box<PackedDense>),
}

/// Rows between two layers.
struct Rows {
    numbers: Vec<f32>,
    columns: usize,
    /// From one row to the next, since a GEMM writes whole panels.
    stride: usize,
}

impl TokenLayers {
    /// Packs layers.
    ///
    /// # Errors
    /// There is not enough memory.
    pub fn pack(kernels: Kernels, layers: &[RowLayer]) -> std::io::Result<Self> {
        let pack = |layer: &RowLayer| match layer {
            RowLayer::Dense { dense, residual } => {
                let residual = match residual {
                    None => None,
                    Some(Residual::Input) => Some(PackedResidual::Input),
                    Some(Residual::Projected(linear)) => Some(PackedResidual::Projected(Box::new(
                        PackedDense::pack(kernels, linear)?,
                    ))),
                };
                Ok(TokenLayer::Dense { dense: PackedDense::pack(kernels, dense)?, residual })
            }
            RowLayer::LayerNorm { weight, bias, eps } => Ok(TokenLayer::Norm {
                weight: weight.clone(),
                bias: bias.clone(),
                eps: *eps as f32,
            }),
            RowLayer::Normalize => Ok(TokenLayer::Normalize),
        };
        let layers = layers.iter().map(pack).collect::<std::io::Result<_>>()?;
        Ok(Self { kernels, layers })
    }

    /// `(t, in) → (t, out)`, row-major.
    pub fn forward(&self, rows: View<'_>) -> Vec<f32> {
        let t = rows.rows();
        let copied = (0..t).flat_map(|row| rows.row(row)).copied().collect();
        let first = Rows { numbers: copied, columns: rows.columns(), stride: rows.columns() };
        let mut last = self.layers.iter().fold(first, |rows, layer| self.apply(layer, rows, t));
        last.each().flat_map(|row| &*row).copied().collect()
    }

    fn apply(&self, layer: &TokenLayer, mut rows: Rows, t: usize) -> Rows {
        match layer {
            TokenLayer::Dense { dense, residual } => {
                let mut out = dense.forward(self.kernels, &rows, t);
                let added = match residual {
                    None => return out,
                    Some(PackedResidual::Input) => &mut rows,
                    Some(PackedResidual::Projected(linear)) => {
                        &mut linear.forward(self.kernels, &rows, t)
                    }
                };
                for (out, added) in out.each().zip(added.each()) {
                    out.iter_mut().zip(&*added).for_each(|(out, added)| *out += added);
                }
                out
            }
            TokenLayer::Norm { weight, bias, eps } => {
                let view = ViewMut::new(&mut rows.numbers, t, rows.columns, rows.stride);
                self.kernels.layer_norm(view, weight, bias, *eps);
                rows
            }
            TokenLayer::Normalize => {
                rows.each().for_each(l2_normalize);
                rows
            }
        }
    }
}

impl Rows {
    /// The rows, without what fills up their panels.
    fn each(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let columns = self.columns;
        self.numbers.chunks_exact_mut(self.stride).map(move |row| &mut row[..columns])
    }
}

impl PackedDense {
    fn pack(kernels: Kernels, dense: &Dense) -> std::io::Result<Self> {
        let part = PackedPart { weight: dense.weight(), bias: dense.bias() };
        let linear = PackedLinear::pack(kernels, Dtype::F32, dense.inputs(), &[part])?;
        Ok(Self { linear, outputs: dense.outputs(), activation: dense.activation() })
    }

    /// `(t, in) → (t, out)`
    fn forward(&self, kernels: Kernels, rows: &Rows, t: usize) -> Rows {
        let Self { linear, outputs, activation } = self;
        let mut scratch = OperandScratch::default();
        let view = View::new(&rows.numbers, t, rows.columns, rows.stride);
        let operand = Operand::new(kernels, Dtype::F32, view, &mut scratch);
        let stride = linear.columns();
        let mut numbers = vec![0.0; t * stride];
        let out = ViewMut::new(&mut numbers, t, stride, stride);
        kernels.gemm(&operand, linear, 0..linear.panels(), Epilogue::Bias, out);
        let mut rows = Rows { numbers, columns: *outputs, stride };
        for x in rows.each().flatten() {
            *x = activation.apply(f64::from(*x)) as f32;
        }
        rows
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
        let linear = |inputs: usize, outputs: usize| {
            Dense::new(numbers(inputs * outputs, 6), vec![0.0; outputs], DenseActivation::Identity)
        };
        let with = |inputs, outputs, residual| RowLayer::Dense {
            dense: linear(inputs, outputs),
            residual: Some(residual),
        };
        let layers = [
            dense(20, 33, DenseActivation::Gelu),
            norm,
            with(33, 33, Residual::Input),
            with(33, 9, Residual::Projected(linear(33, 9))),
            dense(9, 3, DenseActivation::Identity),
            RowLayer::Normalize,
        ];
        let rows = numbers(7 * 24, 5);
        let expected: Vec<f32> = rows
            .chunks(24)
            .flat_map(|row| layers.iter().fold(row[..20].to_vec(), |row, layer| layer.forward(row)))
            .collect();
        let packed = TokenLayers::pack(Kernels::best(), &layers).unwrap();
        let found = packed.forward(View::new(&rows, 7, 20, 24));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 2e-5, "{found} {expected}");
        }
    }
}
