//! A fully connected layer on one row, summed in float64: `y = activation(W·x + b)`.

use serde::{Deserialize, Serialize};

use super::maximum::maximum;

/// The function that a dense layer applies to each of its sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenseActivation {
    /// `x`
    Identity,
    /// `tanh(x)`
    Tanh,
    /// `max(x, 0)`
    Relu,
    /// `x·Φ(x)`, with `Φ` computed by the error function.
    Gelu,
    /// `σ(x) = 1 / (1 + e^−x)`
    Sigmoid,
    /// `x·σ(x)`
    Silu,
}

impl DenseActivation {
    /// The function that transformers calls `name`. An error says which names there are.
    pub fn from_transformers(name: &str) -> Result<Self, String> {
        match name {
            "linear" => Ok(Self::Identity),
            "tanh" => Ok(Self::Tanh),
            "relu" => Ok(Self::Relu),
            "gelu" => Ok(Self::Gelu),
            "sigmoid" => Ok(Self::Sigmoid),
            "silu" | "swish" => Ok(Self::Silu),
            _ => Err("allowed are gelu, linear, relu, sigmoid, silu, swish and tanh".to_owned()),
        }
    }

    /// The function of a number. It doesn't depend on the system's mathematics library, whose bits differ
    /// from system to system.
    pub(super) fn apply(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Tanh => libm::tanh(x),
            Self::Relu => maximum(0.0, x),
            Self::Gelu => x * 0.5 * (1.0 + libm::erf(x / std::f64::consts::SQRT_2)),
            Self::Sigmoid => 1.0 / (1.0 + libm::exp(-x)),
            Self::Silu => x / (1.0 + libm::exp(-x)),
        }
    }
}

/// A fully connected layer: `(in) → (out)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    weight: Vec<f32>,
    bias: Vec<f32>,
    activation: DenseActivation,
}

impl Dense {
    /// `weight` is `(out, in)` row-major, `bias` `(out)`.
    pub fn new(weight: Vec<f32>, bias: Vec<f32>, activation: DenseActivation) -> Self {
        debug_assert!(!bias.is_empty() && weight.len().is_multiple_of(bias.len()));
        Self { weight, bias, activation }
    }

    /// Columns of an input row.
    pub fn inputs(&self) -> usize {
        self.weight.len() / self.bias.len()
    }

    /// Columns of an output row.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// `(out, in)`, row-major.
    pub fn weight(&self) -> &[f32] {
        &self.weight
    }

    /// `(out)`
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// The function after the sums.
    pub(super) fn activation(&self) -> DenseActivation {
        self.activation
    }

    /// `(in) → (out)`
    pub fn forward(&self, x: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(self.inputs());
        let sums = rows.zip(&self.bias).map(|(row, &bias)| f64::from(bias) + dot(row, x));
        sums.map(|sum| self.activation.apply(sum) as f32).collect()
    }
}

/// A dot product in float64. With eight running sums, so that an addition doesn't wait for the
/// one before.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0_f64; LANES];
    let (a_lanes, a_tail) = a.as_chunks::<LANES>();
    let (b_lanes, b_tail) = b.as_chunks::<LANES>();
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] += f64::from(a[lane]) * f64::from(b[lane]);
        }
    }
    let tail = a_tail.iter().zip(b_tail).map(|(&a, &b)| f64::from(a) * f64::from(b));
    sums.iter().sum::<f64>() + tail.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_multiplies_adds_the_bias_and_applies_its_activation() {
        let x: Vec<f32> = (1..=9).map(|i| i as f32).collect();
        let mut weight = vec![1.0; 9];
        weight.extend([-1.0; 9]);
        let layer = |activation| Dense::new(weight.clone(), vec![0.5, 0.0], activation);
        assert_eq!(layer(DenseActivation::Identity).forward(&x), [45.5, -45.0]);
        assert_eq!(layer(DenseActivation::Relu).forward(&x), [45.5, 0.0]);
        assert_eq!(layer(DenseActivation::Tanh).forward(&x), [1.0, -1.0]);
        assert_eq!(
            (layer(DenseActivation::Tanh).inputs(), layer(DenseActivation::Tanh).outputs()),
            (9, 2)
        );
    }

    #[test]
    fn gelu_uses_the_error_function() {
        let layer = Dense::new(vec![1.0], vec![0.0], DenseActivation::Gelu);
        // 2·Φ(2) = 1.954499736…; the tanh form gives 1.954597694.
        assert!((f64::from(layer.forward(&[2.0])[0]) - 1.954_499_736_103_642).abs() < 1e-6);
    }
}
