//! A GEMM whose output is the left side of the next one has the bits of the two steps.

use super::all_with_tiles;
use super::layer::Layer;
use crate::activation::Activation;
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::kernels::Kernels;
use crate::operand::{Operand, OperandScratch};
use crate::packed_linear::PackedLinear;
use crate::simd::matrix::COLUMNS;
use crate::tests::support::{DTYPES, Random, bits, multiply, name};
use crate::view::View;
use crate::view_mut::ViewMut;

/// Memory for the left sides of two GEMMs.
type Scratch = [OperandScratch; 2];

/// Rows through two layers. The output of the first one stays in tiles. `None` if the kernels don't
/// have that.
fn in_tiles(
    kernels: Kernels,
    layers: [&PackedLinear; 2],
    epilogue: Epilogue,
    rows: &[f32],
    [scratch, hidden_scratch]: &mut Scratch,
) -> Option<Vec<f32>> {
    let [first, second] = layers;
    let (k, width) = (first.inputs(), second.columns());
    let m = rows.len() / k;
    let operand = Operand::new(kernels, first.dtype(), View::new(rows, m, k, k), scratch);
    let inputs = second.inputs();
    let hidden = kernels.gemm_to_operand(&operand, first, epilogue, inputs, hidden_scratch)?;
    let mut out = vec![0.0; m * width];
    let view = ViewMut::new(&mut out, m, width, width);
    kernels.gemm(&hidden, second, 0..second.panels(), Epilogue::Bias, view);
    Some(out)
}

/// The same with the output of the first one as rows.
fn in_rows(
    kernels: Kernels,
    [first, second]: [&PackedLinear; 2],
    epilogue: Epilogue,
    rows: &[f32],
) -> Vec<f32> {
    let hidden = multiply(kernels, first, rows, epilogue);
    let hidden = hidden.chunks(first.columns()).flat_map(|row| &row[..second.inputs()]);
    multiply(kernels, second, &hidden.copied().collect::<Vec<_>>(), Epilogue::Bias)
}

#[test]
fn outputs_that_stay_in_tiles_have_the_bits_of_outputs_that_do_not() {
    for kernels in all_with_tiles() {
        let (mut random, mut scratch) = (Random::new(51), Scratch::default());
        let activations = [Activation::Gelu, Activation::GeluTanh, Activation::Relu];
        let epilogues = activations.map(Epilogue::Activation).into_iter().chain([Epilogue::Bias]);
        for (case, epilogue) in epilogues.cycle().take(60).enumerate() {
            let dtype = DTYPES[case % 3];
            let [k, n] = [random.between(1, 130), random.between(1, 40)];
            let hidden = if case % 2 == 0 { 3 * COLUMNS } else { random.between(1, 130) };
            let layer = Layer { dtype, ..Layer::new(&mut random, k, hidden) };
            let m = random.between(1, 70);
            let mut rows = layer.rows(&mut random, m);
            if !hidden.is_multiple_of(COLUMNS) {
                // Times the zeros that fill up a panel, infinity is NaN.
                rows.iter_mut().filter(|x| !x.is_finite()).for_each(|x| *x = 1.0);
            }
            let first = layer.packed(kernels);
            let second = Layer { dtype, ..Layer::new(&mut random, hidden, n) }.packed(kernels);
            let Some(actual) = in_tiles(kernels, [&first, &second], epilogue, &rows, &mut scratch)
            else {
                // Bytes need the minimum and the maximum of a whole row first.
                assert_eq!(dtype, Dtype::Int8);
                continue;
            };
            let expected = in_rows(kernels, [&first, &second], epilogue, &rows);
            let same = bits(&actual) == bits(&expected);
            assert!(same, "{} {dtype:?} {epilogue:?} {m} {k} {hidden} {n}", name(kernels));
        }
    }
}
