//! A row has the same bits alone and among any others.

use super::support::{DTYPES, all_kernels, bits, multiply, name, numbers};
use crate::activation::Activation;
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::kernels::Kernels;
use crate::packed_linear::{PackedLinear, PackedPart};
use crate::view::View;
use crate::view_mut::ViewMut;

/// The bits of each row through a layer, computed in blocks of the sizes in `cuts`.
fn rows_in_blocks(
    kernels: Kernels,
    linear: &PackedLinear,
    mut rows: &[f32],
    cuts: &[usize],
) -> Vec<u32> {
    let mut all = Vec::new();
    for count in cuts {
        let (block, rest) = rows.split_at(count * linear.inputs());
        let epilogue = Epilogue::Activation(Activation::Gelu);
        all.extend(bits(&multiply(kernels, linear, block, epilogue)));
        rows = rest;
    }
    all
}

#[test]
fn a_row_of_a_gemm_has_the_same_bits_in_any_block() {
    let (m, k, n) = (40, 100, 70);
    let (weight, bias, a) = (numbers(n * k, 1), numbers(n, 2), numbers(m * k, 3));
    for kernels in all_kernels() {
        for dtype in DTYPES {
            let part = PackedPart { weight: &weight, bias: &bias };
            let linear = PackedLinear::pack(kernels, dtype, k, &[part]).unwrap();
            let alone = rows_in_blocks(kernels, &linear, &a, &[1; 40]);
            for cuts in [&[40][..], &[13, 27], &[12, 12, 16], &[7, 1, 32], &[25, 15]] {
                let actual = rows_in_blocks(kernels, &linear, &a, cuts);
                assert!(actual == alone, "{} {} {cuts:?}", name(kernels), dtype.name());
            }
        }
    }
}

#[test]
fn a_query_has_the_same_bits_among_any_others() {
    let (n, t, d) = (50, 90, 32);
    let (q, k, v) = (numbers(n * d, 1), numbers(t * d, 2), numbers(t * d, 3));
    for (kernels, dtype) in
        all_kernels().flat_map(|kernels| [(kernels, Dtype::F32), (kernels, Dtype::Bf16)])
    {
        let some = |first: usize, count: usize| {
            let mut out = vec![0.0; count * d];
            kernels.attention(
                dtype,
                [
                    View::new(&q[first * d..], count, d, d),
                    View::new(&k, t, d, d),
                    View::new(&v, t, d, d),
                ],
                None,
                ViewMut::new(&mut out, count, d, d),
                &mut Vec::new(),
            );
            out.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
        };
        let all = some(0, n);
        for count in [1, 3, 16, 17, 33] {
            let pieces: Vec<u32> =
                (0..n).step_by(count).flat_map(|first| some(first, count.min(n - first))).collect();
            assert!(pieces == all, "{} {} in groups of {count}", name(kernels), dtype.name());
        }
    }
}
