use super::super::table::{Ahead, Left};
use super::guarded::Guarded;
use super::*;

/// A product's largest difference to plain loops, over `√k` for `k` products of numbers up to 1: both
/// round in other places. Largest seen: 3.9e-7.
const APART: f32 = 1e-6;

/// What GELU may be off by where it is rounded right after. Largest seen: 1.9e-4.
const ROUNDED_GELU: f32 = 2e-4;

const DTYPES: [Dtype; 3] = [Dtype::F32, Dtype::Bf16, Dtype::Int8];

const FINISHES: [Finish; 5] = [
    Finish::Bias,
    Finish::Residual,
    Finish::Activation(Activation::Gelu),
    Finish::Activation(Activation::GeluTanh),
    Finish::Activation(Activation::Relu),
];

/// `m` rows through a layer of `k` inputs and `n` outputs, on guarded buffers; what fills the last
/// panel up is left out.
fn product(
    kernels: Kernels,
    dtype: Dtype,
    (m, k, n): (usize, usize, usize),
    finish: Finish,
) -> Vec<f32> {
    let (weight, bias, a) = (numbers(n * k, 1), numbers(n, 2), Guarded::new(&numbers(m * k, 3)));
    let part = Part { weight: &weight, bias: &bias };
    let linear = Linear::pack(kernels, dtype, k, &[part]).unwrap();
    let width = linear.columns();
    let mut out = Guarded::new(&vec![0.25; m * width]);
    let mut scratch = OperandScratch::default();
    let operand = Operand::new(kernels, dtype, View::new(a.as_ref(), m, k, k), &mut scratch);
    let view = ViewMut::new(out.as_mut(), m, width, width);
    kernels.product(&operand, &linear, 0..linear.panels(), finish, view);
    out.as_ref().chunks(width).flat_map(|row| &row[..n]).copied().collect()
}

fn compare(dtype: Dtype, size: (usize, usize, usize), finish: Finish) {
    let expected = product(plain(), dtype, size, finish);
    for kernels in sets() {
        let found = product(kernels, dtype, size, finish);
        let what = format!("{} {} {size:?} {finish:?}", kernels.set().name(), dtype.name());
        let mut allowed = APART * (size.1 as f32).sqrt().max(1.0);
        if dtype != Dtype::F32 && finish == Finish::Activation(Activation::Gelu) {
            allowed += ROUNDED_GELU;
        }
        assert_close(&found, &expected, allowed, &what);
    }
}

#[test]
fn a_product_of_any_size_is_that_of_plain_loops() {
    for dtype in DTYPES {
        for m in SIZES {
            for (k, n) in [(1, 1), (17, 33), (384, 40)] {
                compare(dtype, (m, k, n), Finish::Bias);
            }
        }
        for k in SIZES.into_iter().filter(|&k| k > 0) {
            for n in [1, 16, 31, 32, 65] {
                compare(dtype, (13, k, n), Finish::Bias);
            }
        }
    }
}

#[test]
fn a_product_ends_on_what_it_is_told() {
    for dtype in DTYPES {
        for finish in FINISHES {
            for m in [1, 5, 12, 13, 27] {
                compare(dtype, (m, 50, 70), finish);
            }
        }
    }
}

#[test]
fn the_plain_product_is_the_sum_of_products() {
    let (m, k, n) = (3, 20, 5);
    let (weight, bias, a) = (numbers(n * k, 1), numbers(n, 2), numbers(m * k, 3));
    let expected: Vec<f32> = (0..m * n)
        .map(|at| {
            let (row, column) = (&a[at / n * k..][..k], &weight[at % n * k..][..k]);
            row.iter().zip(column).map(|(a, b)| a * b).sum::<f32>() + bias[at % n]
        })
        .collect();
    for (dtype, allowed) in [(Dtype::F32, 1e-6), (Dtype::Bf16, 0.02), (Dtype::Int8, 0.04)] {
        let found = product(plain(), dtype, (m, k, n), Finish::Bias);
        assert_close(&found, &expected, allowed, dtype.name());
    }
}

#[test]
fn sums_of_bytes_are_the_same_to_the_last_unit_everywhere() {
    for steps in SIZES {
        for height in 1..=12 {
            let words = |count, seed| {
                numbers(count, seed).iter().map(|x| x.to_bits().rotate_left(9)).collect::<Vec<_>>()
            };
            let (a, right) = (words(height * steps, 4), words(steps * 32, 5));
            let mut all = Vec::new();
            for kernels in sets() {
                let product = kernels.product_of(Dtype::Int8);
                let columns = product.columns;
                // The same columns in panels of this width.
                let mut sums = vec![0; height * 32];
                for panel in 0..32 / columns {
                    let b: Vec<u32> = (0..steps * columns)
                        .map(|at| right[at / columns * 32 + panel * columns + at % columns])
                        .collect();
                    for start in (0..height).step_by(product.height) {
                        let rows = product.height.min(height - start);
                        let left = Left { at: a[start * steps..].as_ptr(), rows: steps, steps: 1 };
                        let ahead = Ahead { at: b.as_ptr(), stride: 0 };
                        let mut out = vec![0; rows * columns];
                        // SAFETY: buffers of the sizes that a tile of `rows` rows has.
                        unsafe {
                            (product.tile)(rows, left, steps, b.as_ptr(), ahead, out.as_mut_ptr())
                        }
                        for (i, sum) in out.into_iter().enumerate() {
                            sums[(start + i / columns) * 32 + panel * columns + i % columns] = sum;
                        }
                    }
                }
                all.push(sums);
            }
            assert!(all.iter().all(|sums| *sums == all[0]), "{height} rows, {steps} words");
        }
    }
}

#[test]
fn the_largest_bytes_do_not_saturate() {
    let (a, b) = (vec![u32::MAX; 6 * 9], vec![0x7f7f_7f7f_u32; 9 * 32]);
    for kernels in sets() {
        let product = kernels.product_of(Dtype::Int8);
        let mut out = vec![0; product.columns];
        let left = Left { at: a.as_ptr(), rows: 9, steps: 1 };
        let ahead = Ahead { at: b.as_ptr(), stride: 0 };
        // SAFETY: buffers of the sizes that a tile of one row has, or larger.
        unsafe { (product.tile)(1, left, 9, b.as_ptr(), ahead, out.as_mut_ptr()) }
        assert!(out.iter().all(|&sum| sum == 9 * 4 * 255 * 127), "{}", kernels.set().name());
    }
}

#[test]
fn parts_begin_at_panels_of_their_own() {
    for kernels in sets() {
        let (weight, bias) = (numbers(5 * 3, 1), numbers(5, 2));
        let part = Part { weight: &weight, bias: &bias };
        let linear = Linear::pack(kernels, Dtype::F32, 3, &[part, part]).unwrap();
        assert_eq!((linear.panels(), linear.columns()), (2, 2 * linear.panel_columns()));
        let a = numbers(3, 3);
        let mut scratch = OperandScratch::default();
        let operand = Operand::new(kernels, Dtype::F32, View::new(&a, 1, 3, 3), &mut scratch);
        let mut out = vec![0.0; linear.columns()];
        let view = ViewMut::new(&mut out, 1, linear.columns(), linear.columns());
        kernels.product(&operand, &linear, 0..2, Finish::Bias, view);
        let (first, second) = out.split_at(linear.panel_columns());
        assert_eq!(first, second);
        assert!(first[..5].iter().all(|x| *x != 0.0) && first[5..].iter().all(|x| *x == 0.0));
    }
}

#[test]
fn weights_that_are_not_finite_give_no_finite_answer() {
    for kernels in sets() {
        for dtype in DTYPES {
            let part = Part { weight: &[1.0, f32::NAN, 0.5], bias: &[0.0] };
            let linear = Linear::pack(kernels, dtype, 3, &[part]).unwrap();
            let (a, mut out) = ([1.0, 2.0, 3.0], vec![0.0; linear.columns()]);
            let mut scratch = OperandScratch::default();
            let operand = Operand::new(kernels, dtype, View::new(&a, 1, 3, 3), &mut scratch);
            let view = ViewMut::new(&mut out, 1, linear.columns(), linear.columns());
            kernels.product(&operand, &linear, 0..1, Finish::Bias, view);
            assert!(!out[0].is_finite(), "{} {}", kernels.set().name(), dtype.name());
        }
    }
}

#[test]
#[should_panic(expected = "operand and weights")]
fn an_operand_of_another_width_is_refused() {
    let kernels = Kernels::best();
    let part = Part { weight: &[1.0; 6], bias: &[0.0; 2] };
    let linear = Linear::pack(kernels, Dtype::F32, 3, &[part]).unwrap();
    let (a, mut out) = ([0.0; 4], vec![0.0; linear.columns()]);
    let mut scratch = OperandScratch::default();
    let operand = Operand::new(kernels, Dtype::F32, View::new(&a, 1, 4, 4), &mut scratch);
    let view = ViewMut::new(&mut out, 1, linear.columns(), linear.columns());
    kernels.product(&operand, &linear, 0..1, Finish::Bias, view);
}
