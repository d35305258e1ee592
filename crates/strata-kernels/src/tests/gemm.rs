//! GEMM against plain loops.

use super::guarded::Guarded;
use super::support::{DTYPES, SIZES, all_kernels, assert_close, name, numbers, scalar};
use crate::activation::Activation;
use crate::bf16::bf16;
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::kernels::Kernels;
use crate::operand::{Operand, OperandScratch};
use crate::packed_linear::{PackedLinear, PackedPart};
use crate::table::Layout;
use crate::view::View;
use crate::view_mut::ViewMut;

/// The largest difference to plain loops that is allowed, divided by `√k`, for numbers up to 1: the
/// two round at different places. Largest seen: 3.9e-7.
const TOLERANCE: f32 = 1e-6;

/// The same for long rows, divided by `k`: the error of plain loops grows with it. Largest seen:
/// 3.9e-8.
const LONG_TOLERANCE: f32 = 5e-8;

/// The largest error of GELU that is rounded right after. Largest seen: 1.9e-4.
const ROUNDED_GELU: f32 = 2e-4;

/// All epilogues.
fn epilogues() -> impl Iterator<Item = Epilogue> {
    let activations = Activation::ALL.map(Epilogue::Activation);
    [Epilogue::Bias, Epilogue::Residual, Epilogue::Product].into_iter().chain(activations)
}

#[derive(Clone, Copy, Debug)]
struct Size {
    m: usize,
    k: usize,
    n: usize,
}

/// `m` rows through a layer of `k` inputs and `n` outputs, on guarded buffers, without the columns
/// that fill up the last panel.
fn gemm(
    kernels: Kernels,
    dtype: Dtype,
    size: Size,
    epilogue: Epilogue,
    weight: &[f32],
) -> Vec<f32> {
    let Size { m, k, n } = size;
    let (bias, a) = (numbers(n, 2), Guarded::new(&numbers(m * k, 3)));
    let part = PackedPart { weight, bias: &bias };
    let linear = PackedLinear::pack(kernels, dtype, k, &[part]).unwrap();
    let width = linear.columns();
    let mut out = Guarded::new(&vec![0.25; m * width]);
    let mut scratch = OperandScratch::default();
    let operand = Operand::new(kernels, dtype, View::new(a.as_ref(), m, k, k), &mut scratch);
    let view = ViewMut::new(out.as_mut(), m, width, width);
    kernels.gemm(&operand, &linear, 0..linear.panels(), epilogue, view);
    out.as_ref().chunks(width).flat_map(|row| &row[..n]).copied().collect()
}

fn weights(size: Size) -> Vec<f32> {
    numbers(size.n * size.k, 1)
}

/// The outputs of plain loops that round where these kernels do.
fn plain_loops(kernels: Kernels, dtype: Dtype, size: Size, epilogue: Epilogue) -> Vec<f32> {
    let weight = weights(size);
    if matches!(kernels.gemm_kernel(dtype).layout, Layout::Widened) {
        let rounded: Vec<_> =
            weight.iter().map(|x| f32::from_bits(u32::from(bf16(*x)) << 16)).collect();
        return gemm(scalar(), Dtype::F32, size, epilogue, &rounded);
    }
    gemm(scalar(), dtype, size, epilogue, &weight)
}

fn compare(dtype: Dtype, size: Size, epilogue: Epilogue) {
    for kernels in all_kernels() {
        let expected = plain_loops(kernels, dtype, size, epilogue);
        let actual = gemm(kernels, dtype, size, epilogue, &weights(size));
        let case = format!("{} {} {size:?} {epilogue:?}", name(kernels), dtype.name());
        let k = size.k as f32;
        let mut tolerance = (TOLERANCE * k.sqrt().max(1.0)).max(LONG_TOLERANCE * k);
        if dtype != Dtype::F32 && epilogue == Epilogue::Activation(Activation::Gelu) {
            tolerance += ROUNDED_GELU;
        }
        if epilogue == Epilogue::Activation(Activation::SquaredRelu) {
            // The slope of `x²` at the largest `x`.
            tolerance *= 2.0 * expected.iter().fold(1.0_f32, |max, y| max.max(*y)).sqrt();
        }
        assert_close(&actual, &expected, tolerance, &case);
    }
}

#[test]
fn a_gemm_of_any_size_agrees_with_plain_loops() {
    for dtype in DTYPES {
        for m in SIZES {
            for (k, n) in [(1, 1), (17, 33), (384, 40)] {
                compare(dtype, Size { m, k, n }, Epilogue::Bias);
            }
        }
        for k in SIZES.into_iter().filter(|&k| k > 0).chain([1300]) {
            for n in [1, 16, 31, 32, 65] {
                compare(dtype, Size { m: 13, k, n }, Epilogue::Bias);
            }
        }
    }
}

#[test]
fn every_epilogue_agrees_with_plain_loops() {
    for dtype in DTYPES {
        for epilogue in epilogues() {
            for m in [1, 5, 12, 13, 27] {
                compare(dtype, Size { m, k: 50, n: 70 }, epilogue);
            }
        }
    }
}

#[test]
fn the_scalar_gemm_adds_products_of_weights_and_inputs() {
    let (m, k, n) = (3, 20, 5);
    let (weight, bias, a) = (numbers(n * k, 1), numbers(n, 2), numbers(m * k, 3));
    let expected: Vec<f32> = (0..m * n)
        .map(|at| {
            let (row, column) = (&a[at / n * k..][..k], &weight[at % n * k..][..k]);
            row.iter().zip(column).map(|(a, b)| a * b).sum::<f32>() + bias[at % n]
        })
        .collect();
    for (dtype, tolerance) in [(Dtype::F32, 1e-6), (Dtype::Bf16, 0.02), (Dtype::Int8, 0.04)] {
        let actual = gemm(scalar(), dtype, Size { m, k, n }, Epilogue::Bias, &weight);
        assert_close(&actual, &expected, tolerance, dtype.name());
    }
}

#[test]
fn every_part_begins_at_a_new_panel() {
    for kernels in all_kernels() {
        let (weight, bias) = (numbers(5 * 3, 1), numbers(5, 2));
        let part = PackedPart { weight: &weight, bias: &bias };
        let linear = PackedLinear::pack(kernels, Dtype::F32, 3, &[part, part]).unwrap();
        assert_eq!((linear.panels(), linear.columns()), (2, 2 * linear.panel_columns()));
        let a = numbers(3, 3);
        let mut scratch = OperandScratch::default();
        let operand = Operand::new(kernels, Dtype::F32, View::new(&a, 1, 3, 3), &mut scratch);
        let mut out = vec![0.0; linear.columns()];
        let view = ViewMut::new(&mut out, 1, linear.columns(), linear.columns());
        kernels.gemm(&operand, &linear, 0..2, Epilogue::Bias, view);
        let (first, second) = out.split_at(linear.panel_columns());
        assert_eq!(first, second);
        assert!(first[..5].iter().all(|x| *x != 0.0) && first[5..].iter().all(|x| *x == 0.0));
    }
}

#[test]
fn non_finite_weights_give_no_finite_output() {
    for kernels in all_kernels() {
        for dtype in DTYPES {
            let part = PackedPart { weight: &[1.0, f32::NAN, 0.5], bias: &[0.0] };
            let linear = PackedLinear::pack(kernels, dtype, 3, &[part]).unwrap();
            let (a, mut out) = ([1.0, 2.0, 3.0], vec![0.0; linear.columns()]);
            let mut scratch = OperandScratch::default();
            let operand = Operand::new(kernels, dtype, View::new(&a, 1, 3, 3), &mut scratch);
            let view = ViewMut::new(&mut out, 1, linear.columns(), linear.columns());
            kernels.gemm(&operand, &linear, 0..1, Epilogue::Bias, view);
            assert!(!out[0].is_finite(), "{} {}", name(kernels), dtype.name());
        }
    }
}

#[test]
#[should_panic(expected = "operand and weights")]
fn an_operand_of_another_width_is_rejected() {
    let kernels = Kernels::best();
    let part = PackedPart { weight: &[1.0; 6], bias: &[0.0; 2] };
    let linear = PackedLinear::pack(kernels, Dtype::F32, 3, &[part]).unwrap();
    let (a, mut out) = ([0.0; 4], vec![0.0; linear.columns()]);
    let mut scratch = OperandScratch::default();
    let operand = Operand::new(kernels, Dtype::F32, View::new(&a, 1, 4, 4), &mut scratch);
    let view = ViewMut::new(&mut out, 1, linear.columns(), linear.columns());
    kernels.gemm(&operand, &linear, 0..1, Epilogue::Bias, view);
}
