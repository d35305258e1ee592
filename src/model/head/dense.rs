//! A fully connected layer on one row, summed in float64: `y = activation(W·x + b)`.

use serde::{Deserialize, Serialize};

/// What follows a layer, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing.
    Identity,
    /// `tanh(x)`
    Tanh,
    /// `max(x, 0)`
    Relu,
    /// `x·Φ(x)`, by the error function.
    Gelu,
}

impl Activation {
    fn apply(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Tanh => x.tanh(),
            Self::Relu => x.max(0.0),
            Self::Gelu => x * 0.5 * (1.0 + libm::erf(x / std::f64::consts::SQRT_2)),
        }
    }
}

/// A fully connected layer: `(in) → (out)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    weight: Vec<f32>,
    bias: Vec<f32>,
    activation: Activation,
}

impl Dense {
    /// `weight` is `(out, in)` row-major, `bias` `(out)`.
    pub fn new(weight: Vec<f32>, bias: Vec<f32>, activation: Activation) -> Self {
        debug_assert!(!bias.is_empty() && weight.len().is_multiple_of(bias.len()));
        Self { weight, bias, activation }
    }

    /// Columns that go in.
    pub fn inputs(&self) -> usize {
        self.weight.len() / self.bias.len()
    }

    /// Columns that come out.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// `(out, in)`, row by row.
    pub fn weight(&self) -> &[f32] {
        &self.weight
    }

    /// `(out)`
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// `(in) → (out)`
    pub fn forward(&self, x: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(self.inputs());
        let sums = rows.zip(&self.bias).map(|(row, &bias)| f64::from(bias) + dot(row, x));
        sums.map(|sum| self.activation.apply(sum) as f32).collect()
    }
}

/// A dot product in float64, in eight running sums so that it doesn't wait on one.
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
    fn a_layer_multiplies_adds_and_activates() {
        let x: Vec<f32> = (1..=9).map(|i| i as f32).collect();
        let mut weight = vec![1.0; 9];
        weight.extend([-1.0; 9]);
        let layer = |activation| Dense::new(weight.clone(), vec![0.5, 0.0], activation);
        assert_eq!(layer(Activation::Identity).forward(&x), [45.5, -45.0]);
        assert_eq!(layer(Activation::Relu).forward(&x), [45.5, 0.0]);
        assert_eq!(layer(Activation::Tanh).forward(&x), [1.0, -1.0]);
        assert_eq!((layer(Activation::Tanh).inputs(), layer(Activation::Tanh).outputs()), (9, 2));
    }

    #[test]
    fn gelu_is_the_erf_form() {
        let layer = Dense::new(vec![1.0], vec![0.0], Activation::Gelu);
        // 2·Φ(2) = 1.954499736…; the tanh form gives 1.954597694.
        assert!((f64::from(layer.forward(&[2.0])[0]) - 1.954_499_736_103_642).abs() < 1e-6);
    }
}
