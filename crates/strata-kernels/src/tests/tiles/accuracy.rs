//! The errors of f32 by six products against float64, compared with those of f32 by FMA.

use super::{all_with_tiles, by_fma};
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::kernels::Kernels;
use crate::packed_linear::{PackedLinear, PackedPart};
use crate::tests::support::{Random, multiply, name};

/// The largest mean error that is allowed, over that by FMA. Largest seen: 0.51, on matrices of many
/// seeds.
const MEAN: f64 = 1.0;

/// The same of the largest error. Largest seen: 0.77.
const MAX: f64 = 1.2;

/// The largest difference to float64 that is allowed, divided by `√k` and by the largest number of
/// the row and of the column: that of all GEMMs in f32. Largest seen: 3.0e-7, and by FMA 6.2e-7.
const TOLERANCE: f64 = 1e-6;

/// What is allowed besides for each product, divided by 1 plus either largest number: a part or a
/// sum that is subnormal counts as 0.
const VANISHING: f64 = 4.0 * f32::MIN_POSITIVE as f64;

/// The numbers of a matrix.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Uniform from -1 to 1.
    Uniform,
    /// Normal, or nearly so.
    Normal,
    /// Positive.
    Positive,
}

impl Kind {
    fn numbers(self, random: &mut Random, count: usize) -> Vec<f32> {
        let number = |_| match self {
            Self::Uniform => random.number(),
            Self::Normal => (0..6).map(|_| random.number()).sum(),
            Self::Positive => random.number().abs(),
        };
        (0..count).map(number).collect()
    }
}

/// The errors of `(m, k)·(k, n)`, row by row.
fn errors(kernels: Kernels, rows: &[f32], weight: &[f32], k: usize) -> Vec<f64> {
    let part = PackedPart { weight, bias: &vec![0.0; weight.len() / k] };
    let linear = PackedLinear::pack(kernels, Dtype::F32, k, &[part]).unwrap();
    let actual = multiply(kernels, &linear, rows, Epilogue::Bias);
    let mut errors = Vec::new();
    for (row, actual) in rows.chunks(k).zip(actual.chunks(linear.columns())) {
        for (column, actual) in weight.chunks(k).zip(actual) {
            let products = row.iter().zip(column).map(|(a, b)| f64::from(*a) * f64::from(*b));
            errors.push((f64::from(*actual) - products.sum::<f64>()).abs());
        }
    }
    errors
}

/// The mean and the maximum of errors.
fn mean_and_max(errors: &[f64]) -> (f64, f64) {
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    (mean, errors.iter().copied().fold(0.0, f64::max))
}

#[test]
fn six_products_are_as_accurate_as_fma() {
    let mut random = Random::new(41);
    for kind in [Kind::Uniform, Kind::Normal, Kind::Positive] {
        for (m, k, n) in [(48, 384, 64), (48, 1536, 64)] {
            let rows = kind.numbers(&mut random, m * k);
            let weight = Kind::Normal.numbers(&mut random, n * k);
            let errors = |kernels| mean_and_max(&errors(kernels, &rows, &weight, k));
            for kernels in all_with_tiles() {
                let (by_fma, (mean, max)) = (errors(by_fma(kernels)), errors(kernels));
                let (mean, max) = (mean / by_fma.0, max / by_fma.1);
                let case = format!("{} {kind:?} k {k}", name(kernels));
                assert!(mean <= MEAN && max <= MAX, "{case}: mean {mean:.2}, largest {max:.2}");
            }
        }
    }
}

/// Rows of `k` numbers, each of a magnitude from `10^first` to `10^last`.
fn of_magnitudes(random: &mut Random, m: usize, k: usize, [first, last]: [f32; 2]) -> Vec<f32> {
    let row = |_| {
        let scale = 10.0_f32.powf(first + (last - first) * random.number().abs());
        (0..k).map(|_| scale * random.number()).collect::<Vec<_>>()
    };
    (0..m).flat_map(row).collect()
}

#[test]
fn numbers_of_any_magnitude_agree_with_float64() {
    let mut random = Random::new(42);
    for (k, n) in [(7, 5), (100, 40), (384, 33)] {
        let rows = of_magnitudes(&mut random, 60, k, [-38.0, 17.5]);
        let weight = of_magnitudes(&mut random, n, k, [-30.0, 15.0]);
        let maxs = |rows: &[f32]| -> Vec<f64> {
            let max = |row: &[f32]| row.iter().fold(0.0_f32, |max, x| max.max(x.abs()));
            rows.chunks(k).map(|row| f64::from(max(row))).collect()
        };
        let (row_maxs, column_maxs) = (maxs(&rows), maxs(&weight));
        for kernels in all_with_tiles().flat_map(|kernels| [kernels, by_fma(kernels)]) {
            for (at, error) in errors(kernels, &rows, &weight, k).into_iter().enumerate() {
                let (a, b) = (row_maxs[at / n], column_maxs[at % n]);
                let vanishing = k as f64 * VANISHING * (1.0 + a) * (1.0 + b);
                let relative = (error - vanishing) / (a * b * (k as f64).sqrt());
                assert!(relative <= TOLERANCE, "{} {a:e} {b:e}: {relative:e}", name(kernels));
            }
        }
    }
}
