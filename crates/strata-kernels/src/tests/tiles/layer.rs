//! Random layers and rows.

use crate::activation::Activation;
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::kernels::Kernels;
use crate::packed_linear::{PackedLinear, PackedPart};
use crate::tests::support::{DTYPES, Random};

/// A linear layer of random size, with any dtype and epilogue.
pub struct Layer {
    pub dtype: Dtype,
    pub k: usize,
    pub n: usize,
    pub epilogue: Epilogue,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Layer {
    /// With up to `most` inputs.
    pub fn new(random: &mut Random, most: usize) -> Self {
        let (k, n) = (random.between(1, most), random.between(1, 80));
        let activation = Activation::ALL[random.below(Activation::ALL.len())];
        let epilogues = [Epilogue::Bias, Epilogue::Residual, Epilogue::Activation(activation)];
        Self {
            dtype: DTYPES[random.below(3)],
            k,
            n,
            epilogue: epilogues[random.below(3)],
            weight: (0..n * k).map(|_| random.number()).collect(),
            bias: (0..n).map(|_| random.number()).collect(),
        }
    }

    pub fn packed(&self, kernels: Kernels) -> PackedLinear {
        let part = PackedPart { weight: &self.weight, bias: &self.bias };
        PackedLinear::pack(kernels, self.dtype, self.k, &[part]).unwrap()
    }

    /// `m` rows, each of its own magnitude. One in eight can't be split.
    pub fn rows(&self, random: &mut Random, m: usize) -> Vec<f32> {
        let mut rows = Vec::new();
        for _ in 0..m {
            rows.extend(if random.below(8) == 0 {
                unsplittable(random, self.k)
            } else {
                let scale = 10.0_f32.powf(3.0 * random.number());
                (0..self.k).map(|_| scale * random.number()).collect()
            });
        }
        rows
    }
}

/// A row of `k` numbers that can't be split into parts: it has a number that is not finite or is
/// too large, or has none but numbers that are too small.
pub fn unsplittable(random: &mut Random, k: usize) -> Vec<f32> {
    let mut row: Vec<f32> = (0..k).map(|_| random.number()).collect();
    let one = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 2e18, -3e19, f32::MAX];
    let factor = [0.0, 1e-17, 1e-25, 1e-40];
    match random.below(2) {
        0 => row[random.below(k)] = one[random.below(one.len())],
        _ => {
            let factor = factor[random.below(factor.len())];
            row.iter_mut().for_each(|x| *x *= factor);
        }
    }
    row
}
