//! Random layers and rows.

use crate::activation::Activation;
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::kernels::Kernels;
use crate::packed_linear::{PackedLinear, PackedPart};
use crate::tests::support::{DTYPES, Random};

/// A linear layer, with any dtype and epilogue.
pub struct Layer {
    pub dtype: Dtype,
    pub k: usize,
    pub n: usize,
    pub epilogue: Epilogue,
    pub weight: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Layer {
    /// With `k` inputs and `n` outputs.
    pub fn new(random: &mut Random, k: usize, n: usize) -> Self {
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

    /// `m` rows, each of its own magnitude. Some can't be split.
    pub fn rows(&self, random: &mut Random, m: usize) -> Vec<f32> {
        let row = |_| match random.below(8) {
            0 => unsplittable(random, self.k),
            1 => {
                let scale = [0.0, 1e-40, 1e-36, 1e-20, 1e10, 1e17][random.below(6)];
                (0..self.k).map(|_| scale * random.number()).collect()
            }
            _ => {
                let scale = 10.0_f32.powf(3.0 * random.number());
                (0..self.k).map(|_| scale * random.number()).collect::<Vec<_>>()
            }
        };
        (0..m).flat_map(row).collect()
    }
}

/// A row of `k` numbers that can't be split into parts: one of them, or all, are too large or not
/// finite.
pub fn unsplittable(random: &mut Random, k: usize) -> Vec<f32> {
    if random.below(3) == 0 {
        return (0..k)
            .map(|_| f32::MAX * random.number())
            .map(|x| x + 2e18_f32.copysign(x))
            .collect();
    }
    let mut row: Vec<f32> = (0..k).map(|_| random.number()).collect();
    // The last one is NaN only by its lower half.
    let numbers = [
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        2e18,
        -3e19,
        f32::MAX,
        f32::from_bits(0x7f80_0001),
    ];
    row[random.below(k)] = numbers[random.below(numbers.len())];
    row
}
