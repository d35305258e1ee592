//! f32 by six products: parts, and which rows are computed by FMA instead.

use super::all_with_tiles;
use super::layer::{Layer, unsplittable};
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::kernels::Kernels;
use crate::simd::matrix::{CHUNK, PARTS, TILE, TILE_WORDS};
use crate::table::Layout;
use crate::tests::emulated;
use crate::tests::support::{Random, bits, multiply, name};

/// A layer in f32 with up to `most` inputs.
fn layer(random: &mut Random, most: usize) -> Layer {
    let (k, n) = (random.between(1, most), random.between(1, 80));
    Layer { dtype: Dtype::F32, epilogue: Epilogue::Bias, ..Layer::new(random, k, n) }
}

/// The bits of rows through a layer, without the columns that fill up the last panel.
fn outputs(kernels: Kernels, layer: &Layer, rows: &[f32]) -> Vec<Vec<u32>> {
    let linear = layer.packed(kernels);
    let out = multiply(kernels, &linear, rows, layer.epilogue);
    out.chunks(linear.columns()).map(|row| bits(&row[..layer.n])).collect()
}

#[test]
fn rows_that_cannot_be_split_are_as_by_fma_and_their_neighbours_as_without_them() {
    let mut random = Random::new(31);
    for _ in 0..40 {
        let layer = layer(&mut random, 150);
        let m = random.between(2, 40);
        let plain: Vec<f32> = (0..m * layer.k).map(|_| random.number()).collect();
        let mut mixed = plain.clone();
        for row in mixed.chunks_mut(layer.k).step_by(3) {
            row.copy_from_slice(&unsplittable(&mut random, layer.k));
        }
        let by_fma = outputs(emulated::kernels(), &layer, &mixed);
        for kernels in all_with_tiles() {
            let without = outputs(kernels, &layer, &plain);
            for (row, actual) in outputs(kernels, &layer, &mixed).iter().enumerate() {
                let expected = if row % 3 == 0 { &by_fma } else { &without };
                assert!(*actual == expected[row], "{} row {row} of {m}", name(kernels));
            }
        }
    }
}

#[test]
fn other_rows_are_not_by_fma() {
    let mut random = Random::new(32);
    let layer = layer(&mut random, 300);
    let rows: Vec<f32> = (0..30 * layer.k).map(|_| random.number()).collect();
    let by_fma = outputs(emulated::kernels(), &layer, &rows);
    for kernels in all_with_tiles() {
        let split = outputs(kernels, &layer, &rows);
        let differ = split.iter().zip(&by_fma).filter(|(split, by_fma)| split != by_fma).count();
        assert_eq!(differ, 30, "{}", name(kernels));
    }
}

#[test]
fn the_parts_of_a_number_add_up_to_it() {
    let mut random = Random::new(33);
    for kernels in all_with_tiles() {
        let Layout::Parts(split) = kernels.gemm_kernel(Dtype::F32).layout else {
            panic!("{} has no parts", name(kernels));
        };
        for n in 1..3 * CHUNK {
            let mut number = || random.number() * 2.0_f32.powi(59 - random.below(150) as i32);
            let numbers: Vec<f32> = (0..n).map(|_| number()).collect();
            let chunks = n.div_ceil(CHUNK);
            let mut parts = vec![0x7fc0_7fc0_u32; chunks * PARTS * TILE_WORDS];
            // SAFETY: there are lines for the parts of all numbers.
            let by_fma = unsafe { split(numbers.as_ptr(), n, parts.as_mut_ptr()) };
            assert!(!by_fma, "{numbers:?}");
            for at in 0..chunks * CHUNK {
                let part = |part: usize| {
                    let line = (at / CHUNK * PARTS + part) * TILE_WORDS;
                    let word = parts[line + at % TILE];
                    f64::from(f32::from_bits(word << (16 - at % CHUNK / TILE * 16) & 0xffff_0000))
                };
                let expected = numbers.get(at).copied().map_or(0.0, f64::from);
                assert_eq!(part(0) + part(1) + part(2), expected, "{} {at}", name(kernels));
            }
        }
    }
}
