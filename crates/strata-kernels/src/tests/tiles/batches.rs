//! A row or a query has the same bits alone and in any batch, in a thousand random ones.

use super::all_with_tiles;
use super::layer::Layer;
use crate::dtype::Dtype;
use crate::tests::attention::attention;
use crate::tests::support::{Random, bits, multiply, name};

/// Layers, or sequences.
const GROUPS: usize = 50;

/// Random batches of the same rows.
const BATCHES: usize = 20;

/// Members of a batch, in any order, some of them several times.
fn members(random: &mut Random, count: usize) -> Vec<usize> {
    (0..random.between(1, count)).map(|_| random.below(count)).collect()
}

/// The chosen rows of `width` numbers.
fn gather<T: Copy>(rows: &[T], width: usize, members: &[usize]) -> Vec<T> {
    members.iter().flat_map(|at| &rows[at * width..][..width]).copied().collect()
}

#[test]
fn a_row_has_the_same_bits_in_a_thousand_random_batches() {
    for kernels in all_with_tiles() {
        let mut random = Random::new(11);
        for group in 0..GROUPS {
            // Some batches have more rows, or more numbers in a row, than are computed at a time.
            let (m, ks) = match group % 10 {
                0 => (300, [1, 20]),
                1 => (12, [800, 1000]),
                _ => (40, [1, 120]),
            };
            let (k, n) = (random.between(ks[0], ks[1]), random.between(1, 80));
            let layer = Layer::new(&mut random, k, n);
            let (linear, rows) = (layer.packed(kernels), layer.rows(&mut random, m));
            let outputs = |rows: &[f32]| bits(&multiply(kernels, &linear, rows, layer.epilogue));
            let alone: Vec<u32> = rows.chunks(layer.k).flat_map(outputs).collect();
            for _ in 0..BATCHES {
                let members = members(&mut random, m);
                let actual = outputs(&gather(&rows, layer.k, &members));
                assert!(
                    actual == gather(&alone, linear.columns(), &members),
                    "{} {} ({}, {k})·({k}, {n})",
                    name(kernels),
                    layer.dtype.name(),
                    members.len(),
                );
            }
        }
    }
}

#[test]
fn a_query_has_the_same_bits_in_a_thousand_random_groups() {
    for kernels in all_with_tiles() {
        let mut random = Random::new(12);
        for _ in 0..GROUPS {
            let (n, t, d) = (40, random.between(1, 300), [8, 16, 32, 33, 64][random.below(5)]);
            let mut some = |rows| (0..rows * d).map(|_| 4.0 * random.number()).collect::<Vec<_>>();
            let (q, k, v) = (some(n), some(t), some(t));
            let outputs = |q: &[f32]| bits(&attention(kernels, Dtype::Bf16, q, &k, &v, d));
            let alone: Vec<u32> = q.chunks(d).flat_map(outputs).collect();
            for _ in 0..BATCHES {
                let members = members(&mut random, n);
                let actual = outputs(&gather(&q, d, &members));
                let expected = gather(&alone, d, &members);
                assert!(actual == expected, "{} {members:?}, t {t} d {d}", name(kernels));
            }
        }
    }
}
