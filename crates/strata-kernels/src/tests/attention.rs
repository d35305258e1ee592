//! Attention against float64.

use super::guarded::Guarded;
use super::support::{SIZES, all_kernels, assert_close, name, numbers};
use crate::dtype::Dtype;
use crate::kernels::Kernels;
use crate::positions::Positions;
use crate::view::View;
use crate::view_mut::ViewMut;

/// The largest difference to float64 that is allowed, for values up to 1. Largest seen: 1.4e-7, and
/// 0.003 in bf16.
pub fn tolerance(dtype: Dtype) -> f32 {
    if dtype == Dtype::F32 { 5e-7 } else { 0.006 }
}

/// More numbers of scratch than attention of these sizes needs.
const SCRATCH: usize = 1 << 16;

/// All kernels, with both matmuls in f32 and rounded.
pub fn all_with_dtypes() -> impl Iterator<Item = (Kernels, Dtype)> {
    all_kernels().flat_map(|kernels| [(kernels, Dtype::F32), (kernels, Dtype::Int8)])
}

/// `softmax(q·kᵀ/√d)·v` with the whole row of scores at once, in float64.
fn expected(q: &[f32], k: &[f32], v: &[f32], d: usize) -> Vec<f32> {
    expected_at([q, k, v], d, |_, _| 0.0)
}

/// The same, with a number added to the score of each query and key; with −∞ the key is excluded.
pub fn expected_at(
    [q, k, v]: [&[f32]; 3],
    d: usize,
    added: impl Fn(usize, usize) -> f64,
) -> Vec<f32> {
    let rows = |numbers: &[f32]| -> Vec<Vec<f64>> {
        numbers.chunks(d).map(|row| row.iter().copied().map(f64::from).collect()).collect()
    };
    let (keys, values) = (rows(k), rows(v));
    let mut out = Vec::new();
    for (i, query) in rows(q).into_iter().enumerate() {
        let score = |(j, key): (usize, &Vec<f64>)| {
            let dot = query.iter().zip(key).map(|(a, b)| a * b).sum::<f64>();
            dot / (d as f64).sqrt() + added(i, j)
        };
        let scores: Vec<f64> = keys.iter().enumerate().map(score).collect();
        let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = scores.iter().map(|score| (score - max).exp()).collect();
        let sum: f64 = powers.iter().sum();
        for j in 0..d {
            let mixed: f64 = powers.iter().zip(&values).map(|(p, value)| p * value[j]).sum();
            out.push((mixed / sum) as f32);
        }
    }
    out
}

/// Attention on guarded buffers. Its scratch holds NaN, so that numbers which are read must have been
/// written.
pub fn attention(
    kernels: Kernels,
    dtype: Dtype,
    q: &[f32],
    k: &[f32],
    v: &[f32],
    d: usize,
) -> Vec<f32> {
    attention_at(kernels, dtype, [q, k, v], None, d)
}

/// The same with what distances add.
pub fn attention_at(
    kernels: Kernels,
    dtype: Dtype,
    [q, k, v]: [&[f32]; 3],
    positions: Option<Positions<'_>>,
    d: usize,
) -> Vec<f32> {
    let (n, t) = (q.len() / d, k.len() / d);
    let (q, k, v) = (Guarded::new(q), Guarded::new(k), Guarded::new(v));
    let mut out = Guarded::new(&vec![9.0; n * d]);
    let view = |numbers, rows| View::new(numbers, rows, d, d);
    kernels.attention(
        dtype,
        [view(q.as_ref(), n), view(k.as_ref(), t), view(v.as_ref(), t)],
        positions,
        ViewMut::new(out.as_mut(), n, d, d),
        &mut vec![f32::NAN; SCRATCH],
    );
    out.as_ref().to_vec()
}

fn compare(n: usize, t: usize, d: usize, factor: f32) {
    let scaled = |count, seed| numbers(count, seed).iter().map(|x| x * factor).collect::<Vec<_>>();
    let (q, k, v) = (scaled(n * d, 1), scaled(t * d, 2), numbers(t * d, 3));
    let expected = expected(&q, &k, &v, d);
    for (kernels, dtype) in all_with_dtypes() {
        let set = name(kernels);
        let case = format!("{set} {} n {n} t {t} d {d} factor {factor}", dtype.name());
        let tolerance = tolerance(dtype) * factor.max(1.0);
        assert_close(&attention(kernels, dtype, &q, &k, &v, d), &expected, tolerance, &case);
    }
}

#[test]
fn attention_of_any_size_agrees_with_float64() {
    for n in SIZES.into_iter().filter(|&n| n < 100) {
        compare(n, 20, 32, 1.0);
    }
    for t in SIZES.into_iter().filter(|&t| t > 0).chain([63, 64, 128, 129]) {
        compare(17, t, 32, 1.0);
    }
    for d in [1, 4, 8, 12, 16, 20, 33, 64, 96] {
        compare(33, 70, d, 1.0);
    }
}

#[test]
fn scores_far_apart_neither_overflow_nor_vanish() {
    compare(5, 150, 32, 12.0);
    // One key, first or last, beside which all others are negligible.
    for at in [0, 99] {
        let (d, t) = (8, 100);
        let (q, mut k, v) = (vec![40.0; d], vec![-40.0; t * d], numbers(t * d, 3));
        k[at * d..][..d].fill(40.0);
        for (kernels, dtype) in all_with_dtypes() {
            let tolerance = if dtype == Dtype::F32 { 0.0 } else { tolerance(dtype) };
            let actual = attention(kernels, dtype, &q, &k, &v, d);
            assert_close(&actual, &v[at * d..][..d], tolerance, name(kernels));
        }
    }
}

#[test]
fn a_query_of_nan_gives_nan_and_its_neighbours_do_not() {
    let (d, t) = (16, 5);
    let (mut q, k, v) = (numbers(3 * d, 1), numbers(t * d, 2), numbers(t * d, 3));
    q[d] = f32::NAN;
    for (kernels, dtype) in all_with_dtypes() {
        let actual = attention(kernels, dtype, &q, &k, &v, d);
        assert!(actual[d..2 * d].iter().all(|x| x.is_nan()), "{}", name(kernels));
        assert!(actual[..d].iter().chain(&actual[2 * d..]).all(|x| x.is_finite()));
    }
}
