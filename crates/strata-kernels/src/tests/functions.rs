//! Activation functions against float64.

use super::guarded::Guarded;
use super::support::{SIZES, all_kernels, assert_close, name, numbers};
use super::tiles;
use crate::activation::Activation;
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::kernels::Kernels;
use crate::operand::{Operand, OperandScratch};
use crate::packed_linear::{PackedLinear, PackedPart};
use crate::view::View;
use crate::view_mut::ViewMut;

/// The largest difference that is allowed, relative to the largest of 1, `|x|` and the value. Largest seen:
/// 2.4e-7.
const ACTIVATION_TOLERANCE: f32 = 4e-7;

/// The same for GELU that is rounded right after. Largest seen: 1.9e-4.
const ROUNDED_TOLERANCE: f32 = 2e-4;

/// An activation of each `x`, by a GEMM that adds it as a bias to 0.
fn activated(kernels: Kernels, activation: Activation, xs: &[f32]) -> Vec<f32> {
    activated_in(kernels, Dtype::F32, activation, xs)
}

fn activated_in(kernels: Kernels, dtype: Dtype, activation: Activation, xs: &[f32]) -> Vec<f32> {
    let part = PackedPart { weight: &vec![0.0; xs.len()], bias: xs };
    let linear = PackedLinear::pack(kernels, dtype, 1, &[part]).unwrap();
    let width = linear.columns();
    let mut out = vec![0.0; width];
    let mut scratch = OperandScratch::default();
    let operand = Operand::new(kernels, dtype, View::new(&[1.0], 1, 1, 1), &mut scratch);
    let view = ViewMut::new(&mut out, 1, width, width);
    kernels.gemm(&operand, &linear, 0..linear.panels(), Epilogue::Activation(activation), view);
    out.truncate(xs.len());
    out
}

#[test]
fn activations_agree_with_float64() {
    let mut xs: Vec<f32> = (-200_000..=200_000).map(|i| i as f32 * 6e-5).collect();
    xs.extend([0.0, -0.0, 1e-30, -1e-30, 5.6, -5.6, 100.0, -100.0, 1e18, -1e18]);
    for activation in Activation::ALL {
        let expected: Vec<f32> = xs.iter().map(|&x| activation.apply(x)).collect();
        let sizes = xs.iter().zip(&expected).map(|(x, y)| x.abs().max(y.abs()).max(1.0));
        let sizes: Vec<f32> = sizes.collect();
        let scaled = |values: &[f32], sizes: &[f32]| -> Vec<f32> {
            values.iter().zip(sizes).map(|(value, size)| value / size).collect()
        };
        let expected = scaled(&expected, &sizes);
        for kernels in all_kernels() {
            // The model of the tile instructions is slow.
            let step = if name(kernels) == tiles::NAME { 64 } else { 1 };
            let some = |values: &[f32]| values.iter().copied().step_by(step).collect::<Vec<_>>();
            let actual = activated(kernels, activation, &some(&xs));
            let actual = scaled(&actual, &some(&sizes));
            let case = format!("{} {activation:?}", name(kernels));
            assert_close(&actual, &some(&expected), ACTIVATION_TOLERANCE, &case);
        }
    }
}

#[test]
fn gelu_that_is_rounded_right_after_is_accurate_enough() {
    let xs: Vec<f32> = (-2_000..=2_000).map(|i| i as f32 / 256.0).collect();
    let expected: Vec<f32> = xs.iter().map(|&x| Activation::Gelu.apply(x)).collect();
    for kernels in all_kernels() {
        let actual = activated_in(kernels, Dtype::Bf16, Activation::Gelu, &xs);
        assert_close(&actual, &expected, ROUNDED_TOLERANCE, name(kernels));
    }
}

#[test]
fn far_from_zero_gelu_is_its_argument_or_0() {
    for kernels in all_kernels() {
        assert_eq!(activated(kernels, Activation::Gelu, &[6.0, 80.0, -80.0]), [6.0, 80.0, 0.0]);
    }
}

#[test]
fn an_activation_of_nan_is_nan() {
    for kernels in all_kernels() {
        for activation in Activation::ALL {
            assert!(activated(kernels, activation, &[f32::NAN])[0].is_nan(), "{activation:?}");
        }
    }
}

#[test]
fn an_activation_is_applied_to_the_given_numbers_alone() {
    for kernels in all_kernels() {
        for n in SIZES {
            let xs = numbers(n, 5);
            let mut guarded = Guarded::new(&xs);
            // SAFETY: the buffer has `n` numbers; these kernels exist, so the CPU has the features.
            unsafe {
                (kernels.table().activate)(Activation::Silu, guarded.as_mut().as_mut_ptr(), n);
            }
            let expected: Vec<f32> = xs.iter().map(|&x| Activation::Silu.apply(x)).collect();
            let case = format!("{} {n}", name(kernels));
            assert_close(guarded.as_ref(), &expected, ACTIVATION_TOLERANCE, &case);
        }
    }
}
